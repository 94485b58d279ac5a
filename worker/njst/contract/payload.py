"""The payload of a message, shared by several kinds."""

from njst.contract.model import Message

# Size of the stamp at the beginning of a payload (njst.load.protocol.stamp); a shorter payload has
# none. Defined here so that a worker can use it without importing the load, and with it numpy.
STAMP_BYTES = 32


class PayloadPlan(Message):
    """Payload sizes in bytes, spread evenly, and the share of spaces; or the content of a file.

    With `file`, a path, both sizes are the mean; `variants` is the number of payloads.
    """

    bytes_min: int
    bytes_max: int
    compressible_percent: int = 0
    file: str = ""
    lines: bool = False
    variants: int = 1
