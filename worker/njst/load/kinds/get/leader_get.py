"""Stored messages from the leader of a stream, one by one: `STREAM.MSG.GET`, answered in JSON."""

import json
import re
from collections.abc import Callable

from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.get.direct_get import DirectGetCodec
from njst.load.protocol.jetstream_answers import BAD_ANSWERS, Failure, api_failure
from njst.load.protocol.parser import MessageFrame
from njst.load.requests.codec import NO_ANSWERS, Answers
from njst.load.scan.message_heads import messages

# An answer as servers write it, up to the payload in base64 (server/jetstream_api.go,
# JSApiMsgGetResponse and StoredMsg). Any other answer, also one without a payload, is parsed.
_ANSWER = re.compile(
    rb'\{"type":"io\.nats\.jetstream\.api\.v1\.stream_msg_get_response","message":\{'
    rb'"subject":"[^"\\]*","seq":\d{1,20},(?:"hdrs":"[^"]*",)?"data":"([A-Za-z0-9+/]*)(=*)",'
)


class LeaderGetCodec(DirectGetCodec):
    """Requests for single messages that the leader alone answers."""

    def scan(self, data: bytes) -> Answers:
        """Take messages, up to anything else."""
        numbers: list[int] = []
        sizes: list[int] = []
        taken = 0
        for head, begin, end in messages(self._answer, data, 0):
            found = _ANSWER.match(data, begin, end)
            if head[1] or found is None:
                break
            numbers.append(int(head[2], 16))
            sizes.append(_decoded_bytes(len(found[1])))
            taken = end
        return Answers(numbers, sizes, taken) if numbers else NO_ANSWERS

    def answer(self, number: int, message: MessageFrame) -> int | Failure:  # noqa: ARG002
        """Return the size of the message, or why there is none."""
        failure = api_failure(message)
        if failure is not None:
            return failure
        try:
            data = json.loads(message.payload)["message"].get("data", "")
            return _decoded_bytes(len(data.rstrip("=")))
        except BAD_ANSWERS:
            return Failure(ErrorClass.PROTOCOL, f"not a message: {message.payload[:100]!r}")


def _decoded_bytes(digits: int) -> int:
    """Return how many bytes so many digits of base64 are, without padding."""
    return digits * 3 // 4


def last_message_codec(
    asked: Callable[[int], bytes], api: str, stream: str, inbox: str, window: int
) -> LeaderGetCodec:
    """Return requests to the leader for the last message of a subject, which `asked` returns."""
    where = f"{api}.STREAM.MSG.GET.{stream}".encode()
    return LeaderGetCodec(
        lambda number: (where, b'{"last_by_subj":"%s"}' % asked(number)), inbox, window
    )
