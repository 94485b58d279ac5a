"""Pages for browsers: /, its report in one file, and /docs."""
