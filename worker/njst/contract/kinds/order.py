"""In which order subjects, keys or sequences are used: what several kinds share."""

from enum import StrEnum


class Order(StrEnum):
    """In which order subjects, keys or sequences are used."""

    SEQUENTIAL = "Sequential"
    RANDOM = "Random"
    ZIPF = "Zipf"
