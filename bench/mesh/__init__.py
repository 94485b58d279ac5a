"""Cost and timing of the control plane, without any load."""
