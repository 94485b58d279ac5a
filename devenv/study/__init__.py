"""`make study`: settings compared on three servers of this machine, for docs/study.md."""
