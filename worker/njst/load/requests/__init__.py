"""The client of numbered requests, each with one answer."""
