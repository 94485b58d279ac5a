"""What workers tell each other of acknowledged messages: what to look for, and what was seen.

Numbers of messages stand in them as `njst.measure.rangetext` writes them.
"""

from pydantic import Field

from njst.contract.model import Message

# Why acknowledged messages were not looked for: nobody was left to read, or the job was stopped;
NOT_READ = "NotRead"
STOPPED = "Stopped"
# the stream could not be read;
READ_FAILED = "ReadFailed"
# a producer has so many failures between its messages that they cannot all be told.
TOO_MANY_HOLES = "TooManyHoles"


class StreamReceipts(Message):
    """What one worker's producers of a workload were acknowledged by one stream.

    Their messages are behind sequence `after`, and `count` were acknowledged. `producers` has for
    each its code, how many it sent, and the ranges of its numbers that were acknowledged.
    """

    workload: str
    stream: str
    after: int = Field(0, ge=0)
    count: int = Field(0, ge=0)
    producers: str = ""


class Corrupted(Message):
    """Messages of a workload that are not as they were sent, with one example."""

    workload: str
    count: int = Field(ge=0)
    example: str = Field("", max_length=300)


class Sight(Message):
    """What one worker saw of all producers in one slice of the streams.

    `found` has for each its code, how many of its messages were there more than once, and the
    ranges of its numbers. `problem`, one CamelCase word, says why this proves nothing.
    """

    problem: str = ""
    found: str = ""
    corrupted: list[Corrupted] = Field(default_factory=list)
