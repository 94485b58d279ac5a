"""Which trial an experiment runs next, and what a trial came to. Pure."""
