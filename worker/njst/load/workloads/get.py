"""Direct gets (ADR-31): stored messages without a consumer, one by one."""

import re

import numpy as np

from njst.contract.kinds.get import GetMode
from njst.contract.kinds.order import Order
from njst.contract.plan import ClientPlan, KeyValuePlan
from njst.load.ledger import Ledger
from njst.load.subjects import draw, expand
from njst.load.wire.digits import numbers_of
from njst.load.wire.frames import Seal
from njst.load.wire.jsapi import Failure, get_failure
from njst.load.wire.parse import Message
from njst.load.workloads.calls import FEW, Answers, CallWorkload
from njst.load.workloads.getmany import (
    BatchGetRequests,
    FilteredBatchRequests,
    MultiLastRequests,
)
from njst.load.workloads.turns import call_workload

_NOTHING = Answers([], 0, 0)
_GOOD = b"NATS/1.0\r\n"
# Rows of a cycle that is drawn once.
_DRAWN = 4096


class GetRequests:
    """Requests for single messages; each row of the cycle is a subject and a body."""

    weight = 1

    def __init__(self, rows: list[tuple[str, bytes]], inbox: str, window: int) -> None:
        self.window = window
        self._inbox = inbox.encode()
        self._rows = [
            (f"PUB {subject} {inbox}.".encode(), b" %d\r\n%s\r\n" % (len(body), body))
            for subject, body in rows
        ]
        self.frame_bytes = sum(len(head) + len(tail) for head, tail in self._rows) // len(rows) + 10
        self._answer = re.compile(
            rb"HMSG " + re.escape(self._inbox) + rb"\.([0-9a-f]{10}) 1 (\d{1,9}) (\d{1,9})\r\n"
        )

    def encode(self, first: int, count: int, log_ns: int) -> bytes:  # noqa: ARG002
        """Return the requests."""
        return b"".join(self._frames(first, count))

    def ready(self, first: int, count: int) -> Seal:
        """Return what gives each of some requests, which carry no time."""
        frames = self._frames(first, count)
        return lambda place, log_ns: frames[place]  # noqa: ARG005

    def _frames(self, first: int, count: int) -> list[bytes]:
        rows = self._rows
        return [
            b"%s%010x%s" % (rows[n % len(rows)][0], n, rows[n % len(rows)][1])
            for n in range(first, first + count)
        ]

    def scan(self, data: bytes) -> Answers:
        """Take messages as long as they are plain ones."""
        tokens: list[bytes] = []
        sizes: list[int] = []
        at = 0
        while head := self._answer.match(data, at):
            begin = head.end()
            end = begin + int(head[3]) + 2
            size = int(head[3]) - int(head[2])
            if end > len(data) or size < 0 or not data.startswith(_GOOD, begin):
                break
            tokens.append(head[1])
            sizes.append(size)
            at = end
        if not tokens:
            return _NOTHING
        if len(tokens) <= FEW:
            return Answers([int(token, 16) for token in tokens], sizes, at)
        return Answers(numbers_of(tokens), np.array(sizes, dtype=np.int64), at)

    def answer(self, number: int, message: Message) -> int | Failure:  # noqa: ARG002
        """Return the size of the message, or why there is none."""
        return get_failure(message) or len(message.payload)


def get_workload(plan: ClientPlan, inbox: str, ledger: Ledger) -> CallWorkload:
    """Return the client of a get plan."""
    get = plan.get
    assert get is not None
    subject = f"{plan.api_prefix}.DIRECT.GET.{get.stream}"
    if get.mode is GetMode.BATCH:
        kind = FilteredBatchRequests if get.subjects else BatchGetRequests
        requests = kind(get, subject, inbox, plan.messages)
        return CallWorkload(plan, inbox, ledger, requests, requests.forget)
    subjects = expand(get.subjects, get.subject_count)
    count = max(1, len(subjects))
    order = draw(get.order, count, _rows_for(count), plan.index, get.first)
    if get.mode is GetMode.MULTI_LAST:
        asked = MultiLastRequests(get, subject, inbox, [subjects[number] for number in order])
        return CallWorkload(plan, inbox, ledger, asked, asked.forget)
    if get.mode is GetMode.LAST_BY_SUBJECT:
        rows = [(f"{subject}.{subjects[number]}", b"") for number in order]
    else:
        last = max(1, get.last_sequence)
        count = min(last, 65_536) if get.order is Order.SEQUENTIAL else _DRAWN
        numbers = draw(get.order, last, count, plan.index, get.first)
        rows = [(subject, b'{"seq":%d}' % (number + 1)) for number in numbers]
    return call_workload(plan, inbox, ledger, GetRequests(rows, inbox, get.window))


def key_value_get_workload(plan: ClientPlan, inbox: str, ledger: Ledger) -> CallWorkload:
    """Return the client that gets keys: the last message of each key's subject (ADR-8)."""
    key_value = plan.key_value
    assert key_value is not None
    rows = [(subject, b"") for subject in _key_requests(key_value, plan)]
    return call_workload(plan, inbox, ledger, GetRequests(rows, inbox, key_value.window))


def _key_requests(key_value: KeyValuePlan, plan: ClientPlan) -> list[str]:
    bucket = key_value.bucket
    before = f"{plan.api_prefix}.DIRECT.GET.KV_{bucket}.$KV.{bucket}.{key_value.prefix}"
    rows = _rows_for(key_value.keys)
    first = key_value.first_key
    order = draw(key_value.key_order, key_value.keys, rows, plan.index, first)
    if key_value.keys == 1:
        return [before]
    return [f"{before}.{key}" for key in order]


def _rows_for(count: int) -> int:
    """Return the rows of a cycle that has each of `count` equally often."""
    return max(count, _DRAWN // count * count)
