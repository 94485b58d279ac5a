"""Direct gets of many messages with one request (ADR-31), answered by messages and an end."""

from collections.abc import Callable, Sequence

from njst.contract.fields import has_wildcard
from njst.contract.kinds.get import GetPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.protocol.jetstream_answers import Failure, batch_end, get_failure, status_of
from njst.load.protocol.parser import MessageFrame
from njst.load.requests.codec import Answers, RequestCodec
from njst.load.scan.message_heads import answer_pattern, plain_answers

_END = 204


class _ManyMessagesCodec(RequestCodec):
    """Requests that many messages answer: counts the messages of incomplete answers."""

    frame_bytes = 120

    def __init__(self, inbox: str, window: int, weight: int) -> None:
        super().__init__()
        self.window = window
        self.weight = weight
        self._got: dict[int, tuple[int, int]] = {}
        self._part = answer_pattern(inbox)

    def scan(self, data: bytes) -> Answers:
        """Take messages, up to the status that ends an answer."""
        tokens, sizes, taken = plain_answers(self._part, data)
        by_token: dict[bytes, list[int]] = {}
        for token, size in zip(tokens, sizes, strict=True):
            by_token.setdefault(token, []).append(size)
        for token, some in by_token.items():
            self._add(int(token, 16) // self.weight, len(some), sum(some))
        return Answers([], 0, taken)

    def _add(self, number: int, count: int, size: int) -> None:
        before, size_before = self._got.get(number, (0, 0))
        self._got[number] = (before + count, size_before + size)

    def _take(self, number: int, message: MessageFrame, wanted: int | None) -> int | Failure | None:
        """Return the payload bytes of an answer at its end; None for one of its messages.

        `wanted` is how many messages it must have; None: any number but none at all.
        """
        status = status_of(message)
        if status is None:
            self._add(number, 1, len(message.payload))
            return None
        count, size = self._got.pop(number, (0, 0))
        if status.code != _END:
            return get_failure(message)
        if wanted is not None and count != wanted:
            return Failure(ErrorClass.NOT_FOUND, f"{count} of {wanted} messages of one request")
        return size

    def forget(self, numbers: Sequence[int]) -> None:
        """Drop what has come of answers that failed."""
        for number in numbers:
            self._got.pop(number, None)


class BatchGetCodec(_ManyMessagesCodec):
    """A number of messages from a sequence on."""

    def __init__(self, get: GetPlan, subject: str, inbox: str, messages: int | None) -> None:
        super().__init__(inbox, get.window, get.batch)
        self._messages = messages
        self._head = f"PUB {subject} {inbox}.".encode()
        self._first = get.first
        # Every request begins where a whole batch is left.
        self._begin = get.first_sequence
        self._span = max(1, get.last_sequence - self._begin - get.batch + 2)

    def encode(self, first: int, count: int, log_ns: int) -> bytes:  # noqa: ARG002
        """Return the requests; their reply ends in the number of their first message."""
        out = []
        for number in range(first, first + count):
            begin = number * self.weight
            body = self._body(self._size(number), begin)
            out.append(b"%s%010x %d\r\n%s\r\n" % (self._head, begin, len(body), body))
        return b"".join(out)

    def _body(self, size: int, begin: int) -> bytes:
        sequence = (self._first + begin) % self._span + self._begin
        return b'{"batch":%d,"seq":%d}' % (size, sequence)

    def _size(self, number: int) -> int:
        if self._messages is None:
            return self.weight
        return min(self.weight, self._messages - number * self.weight)

    def answer(self, number: int, message: MessageFrame) -> int | Failure | None:
        """Return the size of all messages at their end."""
        return self._take(number, message, self._size(number))


class FilteredBatchCodec(BatchGetCodec):
    """A subject's messages from the first to the last, page by page, and again from the first.

    A page begins where the one before ended; one that would not be full begins anew.
    """

    def __init__(self, get: GetPlan, subject: str, inbox: str, messages: int | None) -> None:
        super().__init__(get, subject, inbox, messages)
        self._filter = get.subjects[0].encode()
        self._left = self._last = 0

    def _body(self, size: int, begin: int) -> bytes:  # noqa: ARG002 - the base's
        sequence = self._last + 1 if self._left >= size else 1
        return b'{"batch":%d,"seq":%d,"next_by_subj":"%s"}' % (size, sequence, self._filter)

    def answer(self, number: int, message: MessageFrame) -> int | Failure | None:
        """Return the size of all messages at their end, which says where the next page begins."""
        outcome = super().answer(number, message)
        if outcome is not None:
            self._left, self._last = batch_end(message)
        return outcome


class MultiLastCodec(_ManyMessagesCodec):
    """The last messages of many subjects; all of them together are one message of the load."""

    def __init__(
        self, get: GetPlan, subject: str, inbox: str, name: Callable[[int], bytes]
    ) -> None:
        """`name` returns the subjects in the order in which they are got, `batch` at a time."""
        super().__init__(inbox, get.window, 1)
        self._head = f"PUB {subject} {inbox}.".encode()
        self._name = name
        # More than there are would only name some of them twice.
        self._batch = min(get.batch, len(get.subjects) * get.subject_count)
        self._is_countable = not any(map(has_wildcard, get.subjects))
        self.frame_bytes = len(self.encode(0, 1, 0))

    def encode(self, first: int, count: int, log_ns: int) -> bytes:  # noqa: ARG002
        """Return the requests."""
        out = []
        for number in range(first, first + count):
            body = b'{"multi_last":["%s"]}' % b'","'.join(self._asked(number))
            out.append(b"%s%010x %d\r\n%s\r\n" % (self._head, number, len(body), body))
        return b"".join(out)

    def _asked(self, number: int) -> list[bytes]:
        """Return the subjects of a request; each once, whatever was drawn."""
        first = number * self._batch
        return list(dict.fromkeys(self._name(first + n) for n in range(self._batch)))

    def answer(self, number: int, message: MessageFrame) -> int | Failure | None:
        """Return the size of all messages at their end."""
        wanted = len(self._asked(number)) if self._is_countable else None
        return self._take(number, message, wanted)
