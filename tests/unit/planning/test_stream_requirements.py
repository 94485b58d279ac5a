"""An existing stream that cannot do what a workload needs is named before the load."""

from typing import Any

import pytest

from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import SetupError
from njst.planning.stream_requirements import StreamSettings, check_stream

PUBLISH = {"publish": {"subjects": ["a"], "payloadBytes": 100}}
GET = {"get": {}}
GET_MANY = {"get": {"mode": "Batch"}}
CONSUME = {"consume": {}}
KV_GET = {"keyValue": {"operation": "Get", "keys": 2}}
KV_PUT = {"keyValue": {"operation": "Put", "keys": 2, "valueBytes": 100}}


def check(kind: dict[str, Any], longest: int | None = None, **settings: Any) -> None:
    name = "KV_b" if "keyValue" in kind else "S"
    spec = parse_spec(
        {
            "streams": [{"name": name, "useExisting": True}],
            "workloads": [{"name": "w", "stream": name, "messages": 1, **kind}],
        }
    )
    check_stream(3, spec.workloads[0], StreamSettings(name, **settings), longest)


@pytest.mark.parametrize(
    ("kind", "settings", "reason", "words"),
    [
        (
            PUBLISH,
            {"has_subjects": False, "origins": ("RAW", "OLD")},
            "StreamTakesNoSubjects",
            "stream: S has no subjects, it is filled from RAW or OLD; publish to RAW or OLD",
        ),
        (PUBLISH, {"has_subjects": False}, "StreamTakesNoSubjects", "stream: S has no subjects"),
        (
            PUBLISH,
            {"acknowledges": False},
            "StreamUnsuitable",
            "publish: S acknowledges no message (no_ack)",
        ),
        (
            PUBLISH,
            {"is_sealed": True},
            "StreamUnsuitable",
            "publish: S takes no messages any more (sealed)",
        ),
        (
            PUBLISH,
            {"max_message_bytes": 99},
            "PayloadTooLarge",
            "publish.payloadBytes: 100 bytes; S takes at most 99 in a message (max_msg_size)",
        ),
        (
            KV_PUT,
            {"max_message_bytes": 99},
            "PayloadTooLarge",
            "keyValue.valueBytes: 100 bytes; KV_b takes at most 99 in a message (max_msg_size)",
        ),
        (
            GET_MANY,
            {"allows_direct_get": False},
            "StreamUnsuitable",
            (
                "get: S allows no direct gets (allow_direct is false); its leader can be read by"
                " get in the modes Sequence and LastBySubject (readFrom: Leader)"
            ),
        ),
    ],
)
def test_stream__that_does_not_suit_the_workload__names_field_and_setting(
    kind: dict[str, Any], settings: dict[str, Any], reason: str, words: str
) -> None:
    with pytest.raises(SetupError) as refused:
        check(kind, **settings)
    assert (refused.value.reason, refused.value.message) == (
        reason,
        f"spec.workloads[3] (w).{words}",
    )


def test_payload_file__longer_than_the_stream_takes__is_refused() -> None:
    kind = {"publish": {"subjects": ["a"], "payloadFile": "f"}}
    check(kind, longest=99, max_message_bytes=99)
    with pytest.raises(SetupError, match=r"publish\.payloadFile: 100 bytes"):
        check(kind, longest=100, max_message_bytes=99)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (PUBLISH, {"allows_direct_get": False, "max_message_bytes": 100}),
        (PUBLISH, {"origins": ("RAW",)}),
        (
            CONSUME,
            {
                "has_subjects": False,
                "acknowledges": False,
                "is_sealed": True,
                "max_message_bytes": 1,
            },
        ),
        (KV_PUT, {"allows_direct_get": False}),
        (KV_GET, {"allows_direct_get": False}),
        (GET, {"allows_direct_get": False}),
    ],
)
def test_stream__whose_settings_do_not_matter__suits(
    kind: dict[str, Any], settings: dict[str, Any]
) -> None:
    check(kind, **settings)
