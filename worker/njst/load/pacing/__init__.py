"""When the next message is due."""
