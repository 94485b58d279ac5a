"""The control loop of a worker: views of jobs in, actions out."""
