"""The payload of a message, as several kinds have it."""

from njst.contract.model import Message

# What a message carries at the beginning of its payload (njst.load.protocol.stamp); one that is
# shorter has none. It stands here so that a worker knows it without the engine, and so without
# numpy.
STAMP_BYTES = 32


class PayloadPlan(Message):
    """Sizes in bytes, spread evenly, and how much of each is blank; or the content of a file.

    With `file`, a path, both sizes are the mean, and `variants` says how many payloads it has.
    """

    bytes_min: int
    bytes_max: int
    compressible_percent: int = 0
    file: str = ""
    lines: bool = False
    variants: int = 1
