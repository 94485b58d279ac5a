"""A publisher is not pointed at a stream that takes nothing from it."""

import pytest
from nats.js.api import StreamConfig, StreamInfo, StreamSource, StreamState

from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import SetupError
from njst.provisioning.streams import check_subjects

SPEC = parse_spec(
    {
        "streams": [{"name": "COPY", "useExisting": True}],
        "workloads": [
            {"name": "read", "stream": "COPY", "messages": 1, "consume": {}},
            {
                "name": "write",
                "stream": "COPY",
                "messages": 1,
                "publish": {"subjects": ["raw.a"]},
            },
        ],
    }
)


def check(**config: object) -> None:
    state = StreamState(messages=0, bytes=0, first_seq=0, last_seq=0, consumer_count=0)
    info = StreamInfo(config=StreamConfig(name="COPY", **config), state=state)  # type: ignore[arg-type]
    check_subjects(SPEC, SPEC.streams[0], info)


@pytest.mark.parametrize(
    "config",
    [{"sources": [StreamSource(name="RAW")]}, {"mirror": StreamSource(name="RAW")}],
    ids=str,
)
def test_a_copy_names_where_to_publish(config: dict[str, object]) -> None:
    with pytest.raises(SetupError) as refused:
        check(**config)
    assert refused.value.reason == "StreamTakesNoSubjects"
    assert refused.value.message == (
        "spec.workloads[1] (write).stream: COPY has no subjects, it is filled from RAW;"
        " publish to RAW"
    )


def test_a_stream_with_subjects_of_its_own_is_taken() -> None:
    check(subjects=["raw.>"], sources=[StreamSource(name="RAW")])
