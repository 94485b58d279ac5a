"""Windows of a participant's load: what happened in each second, as it is published.

A window has the differences of one second, or of some seconds together, and never changes once it
is published. The message is zlib-compressed JSON without empty fields; histograms are HDR V2
compressed, base64 (see `njst.stats.histogram`).
"""

import zlib
from dataclasses import dataclass
from typing import Any, Self

from pydantic import Field, model_validator

from njst.contract.model import Message
from njst.contract.results.tallies import ErrorClass

# Anything that unpacks to more is not a window.
MAX_BYTES = 16 * 1024 * 1024

_KNOWN_CLASSES = frozenset(ErrorClass)


class ErrorCount(Message):
    """Number of errors, or events, of one class; a class of a newer worker is read as `Other`."""

    error_class: ErrorClass
    count: int = Field(ge=0)

    @model_validator(mode="before")
    @classmethod
    def _read_unknown_class(cls, data: Any) -> Any:
        name = data.get("errorClass") if isinstance(data, dict) else None
        if not isinstance(name, str) or name in _KNOWN_CLASSES:
            return data
        return {**data, "errorClass": ErrorClass.OTHER}


class WorkloadWindow(Message):
    """What completed, failed and befell connections of one workload in one window.

    The five histograms are those of `WorkloadTally`, of this window alone.
    """

    workload: str
    messages: int = 0
    bytes: int = 0
    errors: list[ErrorCount] = Field(default_factory=list)
    events: list[ErrorCount] = Field(default_factory=list)
    reconnects: int = 0
    latency: str = ""
    service: str = ""
    slip: str = ""
    stored: str = ""
    delivered: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        return not (
            self.messages
            or self.bytes
            or self.errors
            or self.events
            or self.reconnects
            or any(getattr(self, name) for name in HISTOGRAMS)
        )


# The histograms of a window, by field.
HISTOGRAMS = ("latency", "service", "slip", "stored", "delivered")


class ParticipantWindow(Message):
    """All workloads of one participant from `at_s` to `at_s + width_s`, after the common start.

    A workload without anything is left out; a window without workloads still says that the time
    is over.
    """

    at_s: int = Field(ge=0)
    width_s: int = Field(1, ge=1)
    workloads: list[WorkloadWindow] = Field(default_factory=list)

    @property
    def end_s(self) -> int:
        """Where the window ends, in seconds after the common start."""
        return self.at_s + self.width_s

    def pack(self) -> bytes:
        """Return the message."""
        return zlib.compress(self.model_dump_json(exclude_defaults=True).encode())

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Return the window of a message.

        Raises:
            ValueError: it is none.
        """
        unpacking = zlib.decompressobj()
        try:
            text = unpacking.decompress(data, MAX_BYTES)
        except zlib.error as error:
            raise ValueError(f"not a window: {error}") from error
        if not unpacking.eof:
            raise ValueError("a window that ends early or never")
        window = cls.model_validate_json(text)
        if window.width_s.bit_count() != 1 or window.at_s % window.width_s:
            raise ValueError(f"a window of {window.width_s} s at {window.at_s} s")
        return window


@dataclass(frozen=True)
class Published:
    """A window to publish: one of the course, or one of the newest seconds."""

    window: ParticipantWindow
    is_newest: bool = False
