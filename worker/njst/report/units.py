"""Durations and sizes as text."""


def duration(microseconds: int) -> str:
    """Return a duration with three digits in the best unit; from 1,000 s on in whole seconds."""
    if microseconds < 1_000:
        return f"{microseconds} us"
    # A value that would round to four digits has the next unit.
    if microseconds < 999_500:
        return f"{microseconds / 1_000:.3g} ms"
    seconds = microseconds / 1_000_000
    return f"{seconds:.3g} s" if seconds < 999.5 else f"{seconds:,.0f} s"


def binary(count: float) -> str:
    """Return a number of bytes with a binary prefix."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
