"""The sizes of a reader's pulls, within the limits of server, stream and account."""

import re
from dataclasses import dataclass
from typing import Any

from njst.load.protocol.jetstream_answers import JetStreamStatus

# Pulls in flight: two, so that the server always has one.
PULL = 2_000
EXPIRES_NS = 2_000_000_000
# Bytes of one pull: two are half of a server's pending limit for a client (64 MB), and the largest
# message that a server takes by default fits many times.
PULL_BYTES = 8 * 1024 * 1024
MOST_PULL_BYTES = 128 * 1024 * 1024
FEWEST_PULL_BYTES = 64 * 1024

_MOST_BATCH = re.compile(r"MaxRequestBatch of (\d{1,9})")
_TOO_LARGE = "exceeds maxbytes"


@dataclass
class PullSizes:
    """The size of the next pull, and the messages in flight.

    A server, an account or a stream that allows less says so.
    """

    most: int = PULL
    most_bytes: int = PULL_BYTES
    expires_ns: int = EXPIRES_NS
    requested: int = 0
    number: int = 0
    batches: dict[bytes, int] | None = None

    def begin(self, config: dict[str, Any]) -> None:
        """Begin with a consumer of this configuration."""
        self.requested = 0
        self.batches = {}
        self.most = min(self.most, int(config.get("max_batch") or self.most))
        self.most_bytes = min(self.most_bytes, int(config.get("max_bytes") or self.most_bytes))
        self.expires_ns = min(self.expires_ns, int(config.get("max_expires") or self.expires_ns))

    def next(self, left: int) -> tuple[str, dict[str, int]] | None:
        """Return the name and body of the next pull, of `left` messages to come; None for none."""
        batch = min(self.most, left - self.requested)
        if self.requested > self.most or batch <= 0:
            return None
        self.requested += batch
        self.number += 1
        name = f"next-{self.number}"
        assert self.batches is not None
        self.batches[name.encode()] = batch
        return name, {"batch": batch, "expires": self.expires_ns, "max_bytes": self.most_bytes}

    def end(self, name: bytes, status: JetStreamStatus) -> bool:
        """Take the end of a pull; return whether it ended regularly, so another may follow."""
        if status.code == 100:
            return True
        batch = (self.batches or {}).pop(name, 0)
        words = status.words.lower()
        left = status.pending or 0
        if status.code == 409 and _TOO_LARGE in words:
            if left >= batch:
                # Not one message has room.
                if self.most_bytes >= MOST_PULL_BYTES:
                    return False
                self.most_bytes = min(2 * self.most_bytes, MOST_PULL_BYTES)
        elif status.code == 409 and (allowed := _MOST_BATCH.search(status.words)):
            self.most = max(1, min(self.most, int(allowed[1])))
            left = batch
        elif status.code not in (404, 408) and "batch completed" not in words:
            return False
        self.requested = max(0, self.requested - left)
        return True

    def shrink(self) -> None:
        """Pull less: a connection that broke may have been too slow."""
        self.most_bytes = max(FEWEST_PULL_BYTES, self.most_bytes // 2)
