"""What a finished history proves. Pure."""
