"""Histograms, ledgers and windows: filled by load, merged by the journal. Pure."""
