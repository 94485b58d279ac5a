"""Acknowledged, found, lost, duplicated: the delivery checker; pure."""
