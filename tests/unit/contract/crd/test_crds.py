"""The CRDs in crds/ are those that the contract makes."""

import json
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
import yaml
from pydantic import Field, create_model

from njst.contract.crd.crds import crds, to_yaml
from njst.contract.crd.structural_schema import structural
from njst.contract.model import Model, Rule
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.spec.job import JobSpec
from njst.contract.spec.schedule import ScheduleSpec

ROOT = Path(__file__).parents[4]


def test_the_committed_crds_are_the_generated_ones() -> None:
    committed = {path.name: path.read_text() for path in (ROOT / "crds").glob("*.yaml")}
    made = {name: to_yaml(crd) for name, crd in crds().items()}
    assert committed == made, "run `make crds` and commit what it writes"


def test_kustomize_finds_all_of_them() -> None:
    listed = yaml.safe_load((ROOT / "crds" / "Kustomization").read_text())["resources"]
    assert sorted(listed) == sorted(crds())


def _nodes(node: object) -> list[dict[str, object]]:
    if isinstance(node, dict):
        return [node, *(found for child in node.values() for found in _nodes(child))]
    return []


@pytest.mark.parametrize("name", crds())
def test_every_field_of_the_spec_is_described_and_bounded(name: str) -> None:
    (version,) = crds()[name]["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert "description" in spec
    for node in _nodes(spec):
        for field_name, field in (node.get("properties") or {}).items():  # type: ignore[attr-defined]
            assert field.get("description"), f"{field_name} is not described"
            kind = field["type"]
            if "additionalProperties" in field:
                assert "maxProperties" in field, field_name
            if kind == "integer":
                assert {"minimum", "maximum"} <= field.keys(), field_name
            if kind == "array":
                assert "maxItems" in field, field_name
            if kind == "string":
                assert field.keys() & {"maxLength", "enum"}, field_name


@pytest.mark.parametrize("model", [JobSpec, ScheduleSpec, ExperimentSpec])
def test_every_default_is_named_where_kubectl_explain_shows_it(model: type[Model]) -> None:
    fields = [field for node in _nodes(structural(model)) for field in _properties(node).values()]
    with_default = [f for f in fields if f.get("default", "") != ""]
    assert len(with_default) > 20
    for field in with_default:
        default = field["default"]
        told = default if isinstance(default, str) else json.dumps(default)
        assert f"Default: {told}." in str(field["description"])


@pytest.mark.parametrize("name", crds())
def test_nothing_in_streams_and_workloads_is_stored_that_was_not_given(name: str) -> None:
    (version,) = crds()[name]["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    spec = spec.get("jobTemplate", {}).get("properties", {}).get("spec", {}).get("properties", spec)
    spec = spec.get("template", {}).get("properties", spec)
    stored = [node for part in ("streams", "workloads", "target") for node in _nodes(spec[part])]
    assert len(stored) > 5
    assert [node for node in stored if "default" in node and "type" in node] == []


@pytest.mark.parametrize("name", crds())
def test_every_field_of_the_status_is_described(name: str) -> None:
    (version,) = crds()[name]["spec"]["versions"]
    status = version["schema"]["openAPIV3Schema"]["properties"]["status"]
    fields = [field for node in _nodes(status) for field in _properties(node).items()]
    assert len(fields) > 10
    assert [field for field, schema in fields if not schema.get("description")] == []


def _properties(node: dict[str, object]) -> dict[str, dict[str, object]]:
    """The fields of an object's schema; a field may itself have this name."""
    found = node.get("properties")
    return found if isinstance(found, dict) and node.get("type") == "object" else {}


class _Inner(Model):
    number: int = 0

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(cel="self.number > 0", message="inner", holds=lambda self: self.number > 0),
    )


class _Outer(Model):
    many: list[Annotated[_Inner, Field(description="Nested.")]] = Field(default_factory=list)


def test_structural_schema__of_a_nested_model_with_a_rule__has_the_rule() -> None:
    items = structural(_Outer)["properties"]["many"]["items"]
    assert items["x-kubernetes-validations"] == [
        {"rule": "self.?number.orValue(0) > 0", "message": "inner"}
    ]


def test_structural_schema__of_two_models_with_one_name__is_refused() -> None:
    namesake = type("_Inner", (Model,), {})
    both = create_model("Both", __base__=Model, inner=(_Inner | None, None), other=(namesake, None))
    with pytest.raises(ValueError, match="two models have the name _Inner"):
        structural(both)
