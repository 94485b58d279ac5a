"""Truncates text to a number of bytes, since a status is bounded in bytes."""

import json

_MARK = "…"


def truncate(text: str, limit: int) -> str:
    """Return the text, truncated so that its JSON without quotes takes at most `limit` bytes."""
    if _size(text) <= limit:
        return text
    room, kept = limit - _size(_MARK), 0
    for kept, letter in enumerate(text):  # noqa: B007 - it is used after the loop
        room -= _size(letter)
        if room < 0:
            break
    return text[:kept] + _MARK


def _size(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode(errors="replace")) - 2
