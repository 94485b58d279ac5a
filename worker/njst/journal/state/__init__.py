"""From events to state, the same for every reader; pure."""
