"""How a program gets a wall clock that is wrong."""

from pathlib import Path


def set_by(clock: Path) -> dict[str, str]:
    """Return the environment of Python programs whose wall clock is ahead by the ms in a file."""
    return {"PYTHONPATH": str(Path(__file__).parent), "NJST_WALL_CLOCK": str(clock)}
