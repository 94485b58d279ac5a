"""Key-value creates (ADR-8): a key is written if it does not exist, or not any more.

The first try expects that its subject has no message. If that is refused, the client gets the last
message, as client libraries do: behind a marker that the key was deleted or purged it tries again
and expects the marker's revision. Otherwise the refusal stands. All of this is one request, from
the first try to the last answer.

Source: nats.go, jetstream/kv.go (Create, get).
"""

import re
from collections.abc import Sequence

from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.publish.publish_rows import subjects_of_rows
from njst.load.kinds.publish.single import PublishCodec
from njst.load.protocol import encoder
from njst.load.protocol.jetstream_answers import Failure, get_failure
from njst.load.protocol.parser import MessageFrame
from njst.load.requests.codec import Answers
from njst.load.templates.subjects import expand

_OPERATION = re.compile(rb"\r\nKV-Operation:[ \t]*([A-Z]*)\r\n")
# The marker that the server leaves of an expired key (ADR-43).
_REASON = re.compile(rb"\r\nNats-Marker-Reason:[ \t]*(?:MaxAge|Purge|Remove)\r\n")
_SEQUENCE = re.compile(rb"\r\nNats-Sequence:[ \t]*(\d{1,18})\r\n")


class CreateCodec(PublishCodec):
    """The creates of one client; `plan` also has what it publishes."""

    can_prebuild = False  # an answer may lead to another step

    def __init__(self, plan: ClientPlan, inbox: str, job: str) -> None:
        super().__init__(plan, inbox, job)
        key_value = plan.key_value
        assert key_value is not None
        self._inbox = inbox
        self._value_bytes = key_value.value_bytes
        bucket = key_value.bucket
        # Direct gets name the plain subject, even if writes have an API prefix.
        asked = f"{plan.api_prefix}.DIRECT.GET.KV_{bucket}.$KV.{bucket}.{key_value.prefix}"
        self._asked = expand([asked], key_value.keys)
        self._subjects, self._order = subjects_of_rows(plan)
        # Creates that were refused: why, and whether they have been tried again.
        self._refusals: dict[int, Failure] = {}
        self._retried: set[int] = set()
        # Their next steps: None gets the last message, else the revision to expect.
        self._next_steps: list[tuple[int, int | None]] = []

    def scan(self, data: bytes) -> Answers:
        """Take plain acknowledgements; they may be of second tries too."""
        answers = super().scan(data)
        if self._refusals and answers.taken:
            self.forget([int(number) for number in answers.numbers])
        return answers

    def answer(self, number: int, message: MessageFrame) -> int | Failure | Answers | None:
        """Return the size of the value, or why it is not written; None while it is tried again."""
        refusal = self._refusals.get(number)
        if refusal is None or number in self._retried:
            answer = super().answer(number, message)
            if not isinstance(answer, Failure) or refusal is not None:
                self.forget([number])
                return answer
            if answer.error_class is not ErrorClass.WRONG_SEQUENCE:
                return answer
            self._refusals[number] = answer
            self._next_steps.append((number, None))
            return None
        revision = _marker_in(message)
        if revision is None:
            self.forget([number])
            return refusal
        self._retried.add(number)
        self._next_steps.append((number, revision))
        return None

    def more(self, log_ns: int) -> bytes:
        """Return the next steps of creates that were refused."""
        steps, self._next_steps = self._next_steps, []
        return b"".join([self._step(number, revision, log_ns) for number, revision in steps])

    def _step(self, number: int, revision: int | None, log_ns: int) -> bytes:
        place = self._order[number % len(self._order)]
        reply = f"{self._inbox}.{number:010x}"
        if revision is None:
            return encoder.pub(self._asked[place], b"", reply)
        value = self.encode(number, 1, log_ns)[-2 - self._value_bytes : -2]
        return encoder.hpub(self._subjects[place], encoder.EXPECTING % revision, value, reply)

    def forget(self, numbers: Sequence[int]) -> None:
        """Drop the state of creates that have ended."""
        for number in numbers:
            self._refusals.pop(number, None)
            self._retried.discard(number)
        self._next_steps = [step for step in self._next_steps if step[0] in self._refusals]


def _marker_in(message: MessageFrame) -> int | None:
    """Return the revision of a marker of a deleted key; None for any other message."""
    header = message.header
    sequence = _SEQUENCE.search(header)
    if get_failure(message) is not None or sequence is None:
        return None
    operation = _OPERATION.search(header)
    is_gone = operation[1] in (b"DEL", b"PURGE") if operation else _REASON.search(header)
    return int(sequence[1]) if is_gone else None
