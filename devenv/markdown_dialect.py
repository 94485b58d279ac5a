"""Markdown as a repository's browser reads it, written so that Python-Markdown reads it alike.

The site's generator differs in two points: a list needs an empty line before it, and what belongs
to an item needs four spaces, not as many as the item's own text has.
"""

import re

_INDENT = 4
_ITEM = re.compile(r"(?:[-*]|\d+\.) ")


def for_python_markdown(text: str) -> str:
    """Return a page with the empty lines and the indentation that Python-Markdown needs.

    Blocks of code that belong to no list stay as they are. Lists within lists are not supported.
    """
    lines: list[str] = []
    # How far the text of the current item is indented; 0 outside of lists.
    width = 0
    in_block = False
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip(" "))
        starts_item = not in_block and _ITEM.match(line)
        if line.startswith("```") or (line.strip() and not indent and not starts_item):
            width = 0
        if starts_item:
            if not width and lines and lines[-1]:
                lines.append("")
            width = starts_item.end()
        belongs = width and indent >= width
        lines.append(" " * (_INDENT - width) + line if belongs else line)
        if line.lstrip().startswith("```"):
            in_block = not in_block
    return "\n".join(lines) + "\n"
