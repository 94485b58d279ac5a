"""docs/workloads.md explains each class of an error, and each reason of the read-back."""

import re

from devenv.docs_site import ROOT
from njst.contract.results import readback
from njst.contract.results.tallies import ErrorClass

PAGE = (ROOT / "docs" / "workloads.md").read_text()


def _section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def test_table_of_errors__has_each_class_once_and_says_what_it_can_be() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|", _section("Errors"), re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(ErrorClass)
    assert {what for _, can_be in rows for what in can_be.split(", ")} == {
        "failure",
        "finding",
        "event",
    }


def test_read_back_section__explains_each_reason() -> None:
    reasons = {reason for name, reason in vars(readback).items() if name.isupper() and reason}
    reasons = {reason for reason in reasons if isinstance(reason, str)}
    explained = {*re.findall(r"`(\w+)`", _section("Read-back of acknowledged messages"))}
    assert len(reasons) > 15
    assert reasons <= explained
