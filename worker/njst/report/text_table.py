"""Rows as the lines of a table for a terminal."""

from collections.abc import Sequence

_RIGHT = frozenset({"MESSAGES", "RATE", "BYTES/S", "P50", "P90", "P99", "P99.9", "MAX", "ERRORS"})


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table; numeric columns are right-aligned."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = []
    for row in [header, *rows]:
        cells = [
            cell.rjust(width) if name in _RIGHT else cell.ljust(width)
            for name, cell, width in zip(header, row, widths, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
