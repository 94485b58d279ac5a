"""Text of any content as Markdown (CommonMark with the tables of GitHub), so that it stays text."""

import re
from collections.abc import Iterable, Sequence

# Characters with a meaning in Markdown, of which a backslash takes it.
_SPECIAL = re.compile(r"[\\`*_\[\]#!|~$]")
# What makes a line an entry of a list, at its start.
_LIST_MARK = re.compile(r"^(\d*)([-+.)])")
# Blanks, line ends and other characters that no line of text has.
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def text(words: str) -> str:
    """Return words as a part of a line; runs of blanks and line ends become one blank."""
    line = _BLANKS.sub(" ", words).strip()
    escaped = _LIST_MARK.sub(r"\1\\\2", _SPECIAL.sub(r"\\\g<0>", line))
    return re.sub("[&<>]", lambda found: _ENTITIES[found[0]], escaped)


def code(words: str) -> str:
    """Return words as code, in a cell of a table; a dash for nothing."""
    line = _BLANKS.sub(" ", words).strip()
    if not line:
        return "-"
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    # In a cell a bar ends the cell, even inside code, unless a backslash stands before it.
    return f"{fence}{pad}{line}{pad}{fence}".replace("|", "\\|")


def table(header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Return a table of cells that are Markdown; columns whose numbers are in `right` are aligned.

    Returns an empty text if there are no rows.
    """
    lines = [_row(row) for row in rows]
    if not lines:
        return ""
    rule = ["---:" if number in right else "---" for number in range(len(header))]
    return "\n".join([_row(header), _row(rule), *lines]) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
