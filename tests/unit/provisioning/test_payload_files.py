"""Payloads from files: what is mounted is found by its name, and anything else is said."""

from pathlib import Path

import pytest

from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import SetupError
from njst.contract.spec.job import JobSpec
from njst.load.templates.payloads import bodies
from njst.planning.client_plans import client_plans
from njst.provisioning import payload_files as module
from njst.provisioning.payload_files import payload_plans, with_files


def spec(*, lines: bool = False) -> JobSpec:
    other = {"name": "o", "stream": "S", "messages": 9, "publish": {"payloadBytes": 7}}
    publish = {"payloadFile": "a.json", "payloadLines": lines}
    return parse_spec(
        {
            "streams": [{"name": "S"}],
            "workloads": [other, {**other, "name": "w", "publish": publish}],
        }
    )


def refusal(folder: Path | None, *, lines: bool = False) -> SetupError:
    with pytest.raises(SetupError) as error:
        payload_plans(spec(lines=lines), folder)
    assert error.value.message.startswith("spec.workloads[1].publish.payloadFile: 'a.json' ")
    return error.value


def test_a_file_is_the_payload_of_its_workload_alone(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"one\n\nthree\r\nx")
    for lines, found in ((False, [b"one\n\nthree\r\nx"]), (True, [b"one", b"three", b"x"])):
        job = spec(lines=lines)
        plans = with_files(client_plans("j", job, ["w"], "w"), payload_plans(job, tmp_path))
        other, mine = (plan.publish for plan in plans)
        assert other is not None
        assert (other.payload.file, other.payload.bytes_min) == ("", 7)
        assert mine is not None
        assert mine.payload.variants == len(found)
        assert mine.payload.bytes_min == sum(map(len, found)) // len(found)
        wanted = [found[number % len(found)] for number in range(5)]
        assert bodies(mine.payload, 5, seed=3) == wanted


def test_what_is_missing_is_said_with_what_is_there(tmp_path: Path) -> None:
    for folder in (None, tmp_path / "none", tmp_path):
        error = refusal(folder)
        assert error.reason == "PayloadNotFound"
        assert error.message.endswith("files: none")
    (tmp_path / "b.txt").write_text("x")
    (tmp_path / "a.json").mkdir()
    assert refusal(tmp_path).message.endswith("files: b.txt")


def test_a_file_that_cannot_be_a_payload_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\n\r\n")
    assert refusal(tmp_path, lines=True).reason == "PayloadEmpty"
    assert list(payload_plans(spec(), tmp_path)) == [1], "a blank payload is one"
    path = tmp_path / "more"
    path.mkdir()
    (path / "a.json").write_bytes(b"1\n2\n3\n")
    monkeypatch.setattr(module, "MAX_LINES", 2)
    assert refusal(path, lines=True).reason == "PayloadTooLarge"
    monkeypatch.setattr(module, "MAX_BYTES", 5)
    assert refusal(path).reason == "PayloadTooLarge"
