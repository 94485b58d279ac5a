"""Finds the request that a permissions violation belongs to.

Where a client may not publish, the server names the subject, once for each message and in the order
of the messages, but no request; the request has no other answer. So it is the oldest one in flight
to that subject.
"""

from collections.abc import Callable, Sequence

from njst.contract.results.tallies import ErrorClass
from njst.load.recording.recorder import Recorder, refusal_class

_DENIED = 'permissions violation for publish to "'


def is_denied(words: str) -> bool:
    """Whether the server refused a message because the client may not publish it."""
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
        # The server's words on the last message that it denied.
        self.words = ""

    def on_error(self, words: str, in_flight: Sequence[int]) -> int | None:
        """Return the request that is denied as a whole; None while that is unknown.

        Args:
            words: the text of the server's error.
            in_flight: the requests in flight, the oldest first.
        """
        if not is_denied(words) or not in_flight:
            self._recorder.refuse(words)
            return None
        self.words = words
        number = self._find(words[len(_DENIED) :].partition('"')[0], in_flight)
        if number is None:
            self._unknown += 1
            return None
        self._denied += 1
        return number if self._denied >= self._frames(number) else None

    def _find(self, subject: str, in_flight: Sequence[int]) -> int | None:
        if len(in_flight) == 1 or self._frames(in_flight[0]) > 1:
            return in_flight[0]
        return next((number for number in in_flight if self._address(number) == subject), None)

    def settled(self) -> None:
        """Count from 0 again: the oldest request has its outcome."""
        self._denied = 0

    def explain(self, count: int) -> int:
        """Return how many of `count` unanswered messages were denied.

        Each message that the server denied without naming a known request explains one.
        """
        explained = min(count, self._unknown)
        self._unknown -= explained
        return explained
