"""What the server says of a connection, and which request it was that it denied.

Where a client may not publish, the server names the subject and no request, once for each message
and in the order in which they came; the request has no other answer. So it is the oldest one in
flight to that subject.
"""

from collections.abc import Callable, Sequence

from njst.contract.results.tallies import ErrorClass
from njst.load.recording.recorder import Recorder, refusal_class

_DENIED = 'permissions violation for publish to "'


def is_denied(words: str) -> bool:
    """Whether the server says that a message was not taken for want of a permission."""
    return words.lower().startswith(_DENIED)


def is_too_large(words: str) -> bool:
    """Whether a connection broke because a message was larger than the server takes."""
    return refusal_class(words) is ErrorClass.PAYLOAD_TOO_LARGE


class PermissionErrors:
    """The permission errors of one client's requests."""

    def __init__(
        self,
        recorder: Recorder,
        address: Callable[[int], str | None],
        frames: Callable[[int], int],
    ) -> None:
        """Take how to find a request.

        Args:
            recorder: takes what is no error of a request.
            address: returns the subject of a request; None if it is unknown.
            frames: returns how many messages, denied one by one, a request is.
        """
        self._recorder = recorder
        self._address = address
        self._frames = frames
        self._denied = 0
        self._unknown = 0
        # What the server said of the last message that it denied.
        self.words = ""

    def hear(self, words: str, waiting: Sequence[int]) -> int | None:
        """Return the request that is denied as a whole; None while it is not known which it is.

        Args:
            words: what the server said.
            waiting: the requests in flight, the oldest first.
        """
        if not is_denied(words) or not waiting:
            self._recorder.refuse(words)
            return None
        self.words = words
        number = self._whose(words[len(_DENIED) :].partition('"')[0], waiting)
        if number is None:
            self._unknown += 1
            return None
        self._denied += 1
        return number if self._denied >= self._frames(number) else None

    def _whose(self, subject: str, waiting: Sequence[int]) -> int | None:
        if waiting and (len(waiting) == 1 or self._frames(waiting[0]) > 1):
            return waiting[0]
        return next((number for number in waiting if self._address(number) == subject), None)

    def settled(self) -> None:
        """Begin to count anew: the oldest request has its outcome."""
        self._denied = 0

    def explain(self, count: int) -> int:
        """Return how many of so many messages without an answer have none because they were denied.

        Those are the ones that the server denied without saying which; each explains one.
        """
        explained = min(count, self._unknown)
        self._unknown -= explained
        return explained
