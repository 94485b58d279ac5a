"""An NjstExperiment: trials of one job, whose specs differ in declared places.

Trials are ordinary jobs, one at a time. With `search`, each point gets a search for the highest
rate that it sustains instead of one trial.
"""

from enum import StrEnum
from math import prod
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from njst.contract.fields import MAX_INTEGER, Label, MeshName
from njst.contract.model import Model, Rule
from njst.contract.spec.comparison import FactorComparison, RatioMetric
from njst.contract.spec.job import JobSpec, VerdictPolicy, refuse_duplicates
from njst.contract.spec.search import Search

MAX_FACTORS = 6
MAX_TRIALS = 1000

# Values are any JSON, and CEL sees no field whose parts have no type: njst alone refuses these.
_NOT_IN_CEL = ""
_STEP = r"[a-z][A-Za-z0-9]*(\[[A-Za-z0-9_-]+\])?"
TemplatePath = Annotated[
    str, StringConstraints(pattern=rf"^{_STEP}(\.{_STEP})*$", min_length=1, max_length=200)
]


class TrialOrder(StrEnum):
    """In which order the points get their repeats."""

    INTERLEAVED = "Interleaved"
    RANDOM = "Random"
    SEQUENTIAL = "Sequential"


class Factor(Model):
    """One place of the template, and what it has in the trials."""

    name: Label = Field(description="Name in the result.")
    path: TemplatePath = Field(
        description="A field of the template, such as workloads[0].publish.payloadBytes. Entries of"
        " a list have their index or their name: streams[ORDERS].replicas."
    )
    values: list[JsonValue] = Field(
        default_factory=list,
        max_length=100,
        description="The values that the field has, one after the other.",
    )


def _combinations(spec: "ExperimentSpec") -> int:
    return prod(len(factor.values) for factor in spec.factors) * spec.repeats


def _bad_points(spec: "ExperimentSpec") -> list[int]:
    names = {factor.name for factor in spec.factors}
    return [number for number, point in enumerate(spec.points) if point.keys() != names]


def _unrated(spec: "ExperimentSpec") -> bool:
    return all(w.messages_per_second is None for w in spec.template.workloads)


def _has_compared_factor(spec: "ExperimentSpec") -> bool:
    names = {factor.name for factor in spec.factors}
    return spec.comparison is None or spec.comparison.factor in names


def _compares_what_is_measured(spec: "ExperimentSpec") -> bool:
    """Whether sustained rates are compared exactly if searches find them."""
    if spec.comparison is None:
        return True
    is_searched = spec.search is not None
    return all(
        (choice.metric is RatioMetric.SUSTAINED) == is_searched
        for choice in spec.comparison.metrics
    )


def _unknown_compared(spec: "ExperimentSpec") -> list[str]:
    names = {workload.name for workload in spec.template.workloads}
    choices = () if spec.comparison is None else spec.comparison.metrics
    return [c.workload for c in choices if c.workload is not None and c.workload not in names]


def _template_rule(field: str, holds: Any, message: str) -> Rule:
    return Rule(
        cel=f"!has(self.template.{field}) || self.template.{field} == false"
        if field in ("suspend", "cancel")
        else f"!has(self.template.{field})",
        message=message,
        holds=holds,
    )


class ExperimentSpec(Model):
    """Which trials to run, of which job."""

    description: str = Field("", max_length=1024, description="Free text.")
    mesh: MeshName | None = Field(
        None,
        description="Name of the njst installation that runs the trials. Left out: the default"
        " one.",
    )
    template: JobSpec = Field(description="The job that each trial runs, before its factors.")
    factors: Annotated[list[Factor], AfterValidator(refuse_duplicates)] = Field(
        default_factory=list,
        max_length=MAX_FACTORS,
        description="What differs between trials. Without points, each combination of their values"
        " is a point.",
    )
    points: list[dict[Label, JsonValue]] = Field(
        default_factory=list,
        max_length=MAX_TRIALS,
        description="Points instead of all combinations: each has a value for each factor, by its"
        " name.",
    )
    repeats: int = Field(1, ge=1, le=100, description="Number of trials, or searches, per point.")
    order: TrialOrder = Field(
        TrialOrder.INTERLEAVED,
        description="Interleaved: all points, then all again in reverse, so that a target that"
        " changes with time favours none. Random: all points in a random order, then in another"
        " one. Sequential: all repeats of a point, then those of the next.",
    )
    seed: int | None = Field(
        None,
        ge=0,
        le=MAX_INTEGER,
        description="Seed of order Random; the same seed, the same order.",
    )
    search: Search | None = Field(
        None, description="Search for the highest rate that each point sustains."
    )
    comparison: FactorComparison | None = Field(
        None, description="Compare the values of a factor: is one better, and by how much?"
    )
    pause_seconds: int = Field(
        0, ge=0, le=3600, description="Pause between the end of a trial and the next one."
    )
    max_trials: int = Field(
        100,
        ge=1,
        le=MAX_TRIALS,
        description="Most trials. A search takes 30 to 75; one that needs more than are left ends"
        " with the bounds that it has.",
    )
    active_deadline_seconds: int = Field(
        86_400,
        ge=1,
        le=604_800,
        description="No trial begins later than this after the first; time in suspend does not"
        " count. A search that needs longer ends with the bounds that it has.",
    )
    verdict_policy: VerdictPolicy = Field(
        VerdictPolicy.GATE,
        description="What Flux, Helm and Argo CD see of an experiment that did not succeed, as of"
        " an NjstJob.",
    )
    suspend: bool = Field(
        False, description="True: no trials are created until this is false; a running one ends."
    )
    cancel: bool = Field(
        False, description="True stops the experiment permanently; its results are kept."
    )
    ttl_seconds_after_finished: int | None = Field(
        None,
        ge=0,
        le=31_536_000,
        description="The resource is deleted this long after the experiment has ended. Left out:"
        " it is kept.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        _template_rule(
            "cancel",
            lambda self: not self.template.cancel,
            "the template cannot be cancelled: cancel the experiment",
        ),
        _template_rule(
            "suspend",
            lambda self: not self.template.suspend,
            "the template cannot be suspended: suspend the experiment",
        ),
        _template_rule(
            "mesh",
            lambda self: self.template.mesh is None,
            "the template cannot have a mesh: set mesh of the experiment, for all of its trials",
        ),
        _template_rule(
            "ttlSecondsAfterFinished",
            lambda self: self.template.ttl_seconds_after_finished is None,
            "the template cannot have ttlSecondsAfterFinished: trials have no resource of their"
            " own; set it in the experiment",
        ),
        _template_rule(
            "skipIfRanWithinSeconds",
            lambda self: self.template.skip_if_ran_within_seconds is None,
            "the template cannot have skipIfRanWithinSeconds: each trial must run",
        ),
        Rule(
            cel=_NOT_IN_CEL,
            message="each of factors must have values, or points must be set",
            holds=lambda self: bool(self.points) or all(f.values for f in self.factors),
        ),
        Rule(
            cel=_NOT_IN_CEL,
            message="factors cannot have values with points: each point has its own",
            holds=lambda self: not self.points or not any(f.values for f in self.factors),
        ),
        Rule(
            cel=_NOT_IN_CEL,
            message="each of points must have a value for each of factors and no other",
            holds=lambda self: not _bad_points(self),
            culprit=lambda self: f"points[{_bad_points(self)[0]}]",
        ),
        Rule(
            cel="!has(self.factors) || self.factors.all(f,"
            " self.factors.filter(g, g.path == f.path).size() == 1)",
            message="each of factors must have a path of its own",
            holds=lambda self: len({f.path for f in self.factors}) == len(self.factors),
        ),
        Rule(
            cel="!has(self.points) || size(self.points) * self.repeats <= self.maxTrials",
            message="the number of points times repeats must be at most maxTrials",
            holds=lambda self: len(self.points) * self.repeats <= self.max_trials,
        ),
        Rule(
            cel=_NOT_IN_CEL,
            message="the number of combinations of factors times repeats must be at most maxTrials",
            holds=lambda self: bool(self.points) or _combinations(self) <= self.max_trials,
            culprit=lambda self: str(_combinations(self)),
        ),
        Rule(
            cel="(self.order == 'Random') == has(self.seed)",
            message="seed must be set with order Random and with no other",
            holds=lambda self: (self.order is TrialOrder.RANDOM) == (self.seed is not None),
        ),
        Rule(
            cel="!has(self.search) || self.template.workloads.exists(w, has(w.messagesPerSecond))",
            message="search needs a workload of template with messagesPerSecond: it scales the"
            " offered rates",
            holds=lambda self: self.search is None or not _unrated(self),
        ),
        Rule(
            cel="!has(self.search) || !has(self.template.thresholds) ||"
            " self.template.thresholds.all(t, !has(t.relativeTo))",
            message="search cannot have thresholds with relativeTo: its trials have other rates"
            " than the runs of a baseline",
            holds=lambda self: (
                self.search is None or all(t.relative_to is None for t in self.template.thresholds)
            ),
        ),
        Rule(
            cel="!has(self.comparison) || (has(self.factors) &&"
            " self.factors.exists(f, f.name == self.comparison.factor))",
            message="the factor of comparison must be the name of one of factors",
            holds=_has_compared_factor,
            culprit=lambda self: self.comparison.factor,
            culprit_cel="self.comparison.factor",
        ),
        Rule(
            cel="!has(self.comparison) || self.comparison.metrics.all(m, has(self.search) =="
            " (m.metric == 'SustainedMessagesPerSecond'))",
            message="comparison needs metric SustainedMessagesPerSecond with search, and without"
            " search any other",
            holds=_compares_what_is_measured,
        ),
        Rule(
            cel="!has(self.comparison) || self.comparison.metrics.all(m, !has(m.workload) ||"
            " self.template.workloads.exists(w, w.name == m.workload))",
            message="each workload of comparison must be the name of one of template.workloads",
            holds=lambda self: not _unknown_compared(self),
            culprit=lambda self: _unknown_compared(self)[0],
            culprit_cel="self.comparison.metrics.map(m, has(m.workload) &&"
            " !self.template.workloads.exists(w, w.name == m.workload), m.workload)[0]",
        ),
    )
