"""The njst command."""
