"""Key-value updates (ADR-8): a key is written if it still has the revision that the client knows.

A key's revision is the sequence of its last message. The client learns it from the answer to its
own write, and from the refusal of one that expected another. A key never has two updates of one
client in flight: the second could not know what to expect. A client that alone writes a key is
never refused.
"""

from collections.abc import Sequence

from njst.contract.payload import PayloadPlan
from njst.contract.plan import ClientPlan
from njst.load.protocol import encoder, stamp
from njst.load.protocol.digits import numbers_of
from njst.load.protocol.jetstream_answers import Failure, last_sequence_in, publish_answer
from njst.load.protocol.parser import MessageFrame
from njst.load.requests.codec import NO_ANSWERS, Answers, RequestCodec
from njst.load.scan.puback_runs import puback_pattern
from njst.load.templates.payloads import bodies
from njst.load.templates.subjects import draw, expand, rows_for, written_key

_BODIES = 64
_BODIES_BYTES = 1024 * 1024


class UpdateCodec(RequestCodec):
    """Updates of one client in the order of its keys, without those that have one in flight."""

    def __init__(self, plan: ClientPlan, inbox: str, job: str) -> None:
        super().__init__()
        key_value = plan.key_value
        assert key_value is not None
        self.window = key_value.window
        first = written_key(plan.api_prefix, key_value.bucket, key_value.prefix)
        subjects = expand([first], key_value.keys)
        self.frame_bytes = key_value.value_bytes + len(subjects[-1]) + len(inbox) + 90
        self._inbox = f"{inbox}.".encode()
        self._subjects = [subject.encode() for subject in subjects]
        rows = rows_for(len(subjects))
        self._order = draw(key_value.key_order, len(subjects), rows, plan.index)
        self._size = key_value.value_bytes
        self._bodies = _stamped(plan, key_value.value_bytes, job)
        # None: this client has not written the key yet, so it expects nothing.
        self._revisions: list[int | None] = [None] * len(subjects)
        self._busy: set[int] = set()
        self._keys: dict[int, int] = {}
        self._stored = puback_pattern(inbox)

    def encode(self, first: int, count: int, log_ns: int) -> bytes:
        """Return a PUB for a key that is new to the client, else an HPUB with its revision."""
        return b"".join([self._frame(first + n, log_ns) for n in range(count)])

    def _frame(self, number: int, log_ns: int) -> bytes:
        key = self._take(number)
        fixed, rest = self._bodies[number % len(self._bodies)]
        value = fixed + stamp.variable(fixed, number, log_ns) + rest if fixed else rest
        revision = self._revisions[key]
        to = (self._subjects[key], self._inbox, number)
        if revision is None:
            return b"PUB %s %s%010x %d\r\n%s\r\n" % (*to, len(value), value)
        header = encoder.EXPECTING % revision
        sizes = (len(header), len(header) + len(value))
        return b"HPUB %s %s%010x %d %d\r\n%s%s\r\n" % (*to, *sizes, header, value)

    def _take(self, number: int) -> int:
        """Return the key of an update; the next free one when the drawn one is busy."""
        key = self._order[number % len(self._order)]
        while key in self._busy:
            key = (key + 1) % len(self._subjects)
        self._busy.add(key)
        self._keys[number] = key
        return key

    def scan(self, data: bytes) -> Answers:
        """Take plain acknowledgements, up to anything else."""
        match = self._stored.match
        tokens: list[bytes] = []
        at = 0
        while found := match(data, at):
            tokens.append(found[1])
            self._learn(int(found[1], 16), int(found[2]))
            at = found.end()
        return Answers(numbers_of(tokens), self._size, at) if tokens else NO_ANSWERS

    def answer(self, number: int, message: MessageFrame) -> int | Failure:
        """Return the size of the value, or why it is not written; learn the revision of both."""
        answer = publish_answer(message)
        if not isinstance(answer, Failure):
            self._learn(number, answer.sequence)
            return self._size
        self._learn(number, last_sequence_in(answer.words))
        return answer

    def _learn(self, number: int, revision: int | None) -> None:
        """Free the key of an update, and note its revision if it is known."""
        key = self._keys.pop(number, None)
        if key is None:
            return
        self._busy.discard(key)
        if revision is not None:
            self._revisions[key] = revision

    def forget(self, numbers: Sequence[int]) -> None:
        """Free the keys of updates without an answer; the next update learns the revision."""
        for number in numbers:
            self._learn(number, None)


def _stamped(plan: ClientPlan, size: int, job: str) -> list[tuple[bytes, bytes]]:
    """Return values in two parts: what precedes the open part of a stamp, and what follows it."""
    count = max(1, min(_BODIES, _BODIES_BYTES // (size + 1)))
    made = bodies(PayloadPlan(bytes_min=size, bytes_max=size), count, plan.index)
    if size < stamp.SIZE:
        return [(b"", body) for body in made]
    codes = (stamp.job_code(job), stamp.producer_code(plan.number, plan.index))
    return [(stamp.fixed(*codes, body[stamp.SIZE :]), body[stamp.SIZE :]) for body in made]
