"""The page that people look at, live and as a report in one file."""
