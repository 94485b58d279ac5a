"""The points of an experiment, and the template with the values of one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from pydantic import JsonValue

from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.trials.template_path import locate, with_value


@dataclass(frozen=True)
class Point:
    """One combination of values: a value for each factor, in the order of the factors."""

    values: tuple[tuple[str, JsonValue], ...] = ()

    def __str__(self) -> str:
        return ", ".join(f"{name}={_text(value)}" for name, value in self.values)


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def points_of(spec: ExperimentSpec) -> tuple[Point, ...]:
    """Return the points in the order of the spec; the last factor changes fastest.

    Without factors there is one point, the template itself.
    """
    names = [factor.name for factor in spec.factors]
    rows: Sequence[Sequence[JsonValue]]
    if spec.points:
        rows = [[point[name] for name in names] for point in spec.points]
    else:
        rows = list(product(*(factor.values for factor in spec.factors)))
    return tuple(Point(tuple(zip(names, row, strict=True))) for row in rows)


def document_of(spec: ExperimentSpec, point: Point) -> dict[str, Any]:
    """Return the document of the job of a point; it may break the contract.

    Raises:
        PathError: the template lacks the path of a factor.
    """
    document: dict[str, Any] = spec.template.model_dump(
        mode="json", by_alias=True, exclude_none=True
    )
    values = dict(point.values)
    for factor in spec.factors:
        keys = locate(spec.template, factor.path)
        document = with_value(document, keys, values[factor.name])
    return document
