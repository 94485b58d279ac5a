"""What a worker does about experiments: creates their trials, and says what these came to."""
