"""From the text of an experiment to a spec each of whose trials can run."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from njst.contract.parsing.document import ExperimentHead, parse_head, parse_model
from njst.contract.parsing.field_errors import FieldProblem, InvalidDocumentError, problems_of
from njst.contract.parsing.yaml_loader import load_object
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.spec.job import JobSpec
from njst.contract.trials.points import Point, document_of, points_of
from njst.contract.trials.rated_job import at_rate, highest_rate, lowest_rate, search_problems
from njst.contract.trials.template_path import PathError, locate

# Of a grid with one bad value, many points are bad: the first few say which.
_MAX_PROBLEMS = 5


@dataclass(frozen=True)
class ExperimentFile:
    """A validated experiment and the name in its manifest; a bare spec has none."""

    name: str
    spec: ExperimentSpec


def parse_experiment_document(text: bytes) -> ExperimentFile:
    """Return the one experiment in `text`: a whole manifest, or a bare spec, as JSON or YAML.

    Raises:
        InvalidDocumentError: as `parse_experiment`, or the text cannot be read. Field paths begin
            at the manifest's root, so those of a bare spec begin with `spec` too.
    """
    return parse_experiment_object(load_object(text))


def parse_experiment_object(data: dict[str, Any]) -> ExperimentFile:
    """Return the experiment that an object describes: a whole manifest, or a bare spec.

    Raises:
        InvalidDocumentError: as `parse_experiment`.
    """
    if "apiVersion" not in data and "kind" not in data:
        return ExperimentFile(name="", spec=parse_experiment(data))
    head = parse_head(ExperimentHead, data)
    return ExperimentFile(name=head.metadata.name, spec=parse_experiment(data["spec"]))


def parse_experiment(data: Any) -> ExperimentSpec:
    """Return the spec of an NjstExperiment that JSON-like `data` describes.

    Raises:
        InvalidDocumentError: naming each field, below `spec`, that breaks the contract; a path that
            the template lacks; or values with which a trial could not run.
    """
    spec = parse_model(ExperimentSpec, data)
    if problems := trial_problems(spec):
        raise InvalidDocumentError(problems)
    return spec


def trial_problems(spec: ExperimentSpec, root: str = "spec") -> list[FieldProblem]:
    """Return the first few fields, below `root`, that keep a trial from running."""
    problems = list(_path_problems(spec)) or _point_problems(spec)
    return [
        FieldProblem(f"{root}.{problem.field}", problem.message)
        for problem in problems[:_MAX_PROBLEMS]
    ]


def _path_problems(spec: ExperimentSpec) -> Iterator[FieldProblem]:
    for number, factor in enumerate(spec.factors):
        try:
            locate(spec.template, factor.path)
        except PathError as error:
            yield FieldProblem(f"factors[{number}].path", str(error))


@dataclass(frozen=True)
class _BadPoint:
    """A point whose trials could not run, and why: fields below the job's spec."""

    number: int
    point: Point
    problems: tuple[FieldProblem, ...]


def _point_problems(spec: ExperimentSpec) -> list[FieldProblem]:
    points = points_of(spec)
    bad = [
        _BadPoint(number, point, found)
        for number, point in enumerate(points)
        if (found := _problems_of(spec, point))
    ]
    suspects = _always_bad(points, bad)
    problems = [problem for one in bad for problem in _words(spec, one, suspects)]
    # A bad value is in many points: the first one explains it.
    return list({problem.field: problem for problem in reversed(problems)}.values())[::-1]


def _problems_of(spec: ExperimentSpec, point: Point) -> tuple[FieldProblem, ...]:
    try:
        job = JobSpec.model_validate_json(json.dumps(document_of(spec, point)))
        if spec.search is None:
            return ()
        if found := tuple(FieldProblem(*words) for words in search_problems(job, spec.search)):
            return found
        rates: list[int | None] = [lowest_rate(job, spec.search), highest_rate(job, spec.search)]
        for rate in [*rates, None] if spec.search.probe else rates:
            trial = at_rate(job, rate, spec.search.warmup_seconds, spec.search.trial_seconds)
            JobSpec.model_validate_json(json.dumps(trial))
    except ValidationError as error:
        return problems_of(error, "")
    return ()


def _always_bad(points: Sequence[Point], bad: Sequence[_BadPoint]) -> set[tuple[str, str]]:
    """Return the factors' values that no good point has, as JSON."""
    numbers = {one.number for one in bad}
    good = [point for number, point in enumerate(points) if number not in numbers]
    kept = {pair for point in good for pair in _pairs(point)}
    return {pair for one in bad for pair in _pairs(one.point)} - kept


def _pairs(point: Point) -> list[tuple[str, str]]:
    return [(name, json.dumps(value)) for name, value in point.values]


def _words(
    spec: ExperimentSpec, bad: _BadPoint, suspects: set[tuple[str, str]]
) -> Iterator[FieldProblem]:
    """Yield the problems of a bad point, at the field that explains them best."""
    if not spec.factors:
        for problem in bad.problems:
            yield FieldProblem(f"template.{problem.field}", problem.message)
        return
    field = _field(spec, bad, suspects)
    values = ", ".join(
        f"{factor.path} = {json.dumps(value)}"
        for factor, (_, value) in zip(spec.factors, bad.point.values, strict=True)
    )
    for problem in bad.problems:
        yield FieldProblem(field, f"a trial with {values} cannot run: {problem}")


def _field(spec: ExperimentSpec, bad: _BadPoint, suspects: set[tuple[str, str]]) -> str:
    if spec.points:
        return f"points[{bad.number}]"
    guilty = [number for number, pair in enumerate(_pairs(bad.point)) if pair in suspects]
    if len(guilty) != 1:
        return "factors"
    number = guilty[0]
    texts = [json.dumps(value) for value in spec.factors[number].values]
    return f"factors[{number}].values[{texts.index(_pairs(bad.point)[number][1])}]"
