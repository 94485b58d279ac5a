"""Load processes and their event loop."""
