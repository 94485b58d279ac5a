"""Options of the HTTP API, of those who serve it and of those who ask it."""
