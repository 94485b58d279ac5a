"""A kind of workload is a row in each of three tables; what one of them lacks is named here."""

import re
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from devenv.environment import ROOT
from njst.contract.crd.crds import crds
from njst.contract.kinds.registry import KINDS
from njst.contract.plan import ClientPlan
from njst.contract.spec.workload import Workload
from njst.load.kinds.registry import LOAD_KINDS
from njst.planning.registry import PLANNERS
from tests.examples import EXAMPLES


def _kind_fields(model: type[BaseModel]) -> dict[str, type[Any]]:
    """Return the optional fields of a model whose values are models of njst.contract.kinds."""
    found = {
        name: part
        for name, field in model.model_fields.items()
        for part in get_args(field.annotation)
        if getattr(part, "__module__", "").startswith("njst.contract.kinds.")
    }
    return {name: part for name, part in found.items() if issubclass(part, BaseModel)}


def _in_crd() -> set[str]:
    (version,) = crds()["njst.io_njstjobs.yaml"]["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    return set(spec["workloads"]["items"]["properties"])


def _in_examples() -> set[str]:
    specs = [yaml.safe_load(example.read_text())["spec"] for example in EXAMPLES]
    return {field for spec in specs for workload in spec["workloads"] for field in workload}


def _in_docs() -> set[str]:
    page = (ROOT / "docs" / "workloads.md").read_text()
    return set(re.findall(r"^\| `(\w+)` ", page, re.MULTILINE))


SPECS, PLANS = _kind_fields(Workload), _kind_fields(ClientPlan)
# By name in Python, then by name in documents.
TABLES: dict[str, Any] = {
    "KINDS (njst.contract.kinds.registry)": KINDS,
    "PLANNERS (njst.planning.registry)": PLANNERS,
    "LOAD_KINDS (njst.load.kinds.registry)": LOAD_KINDS,
    "the fields of Workload": SPECS,
    "the fields of ClientPlan": PLANS,
}
PAGES = {
    "crds/ (make crds)": _in_crd(),
    "examples/": _in_examples(),
    "the table of docs/workloads.md": _in_docs(),
}


@pytest.mark.parametrize("name", sorted(set().union(*TABLES.values())))
def test_kind__in_one_table__is_in_all_tables_and_pages(name: str) -> None:
    missing = [table for table, names in TABLES.items() if name not in names]
    missing += [page for page, names in PAGES.items() if to_camel(name) not in names]
    assert missing == [], f"{name} is missing in {', '.join(missing)}"
    assert (SPECS[name], PLANS[name]) == (KINDS[name].spec, KINDS[name].plan)
