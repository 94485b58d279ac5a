"""What the control plane costs and how well it keeps time, without any load."""
