"""What a series of runs came to."""
