"""Times for the eye."""


def duration(microseconds: int) -> str:
    """Return a latency with the unit that suits it, three digits; from 1,000 s on whole seconds."""
    if microseconds < 1_000:
        return f"{microseconds} us"
    # What would be rounded to four digits is told in the next unit.
    if microseconds < 999_500:
        return f"{microseconds / 1_000:.3g} ms"
    seconds = microseconds / 1_000_000
    return f"{seconds:.3g} s" if seconds < 999.5 else f"{seconds:,.0f} s"
