"""The order of the runs of an experiment."""

from collections import Counter

from njst.contract.parsing.experiment import parse_experiment
from njst.contract.spec.experiment import ExperimentSpec
from njst.experiments.run_order import runs_of
from tests.unit.contract.parsing.bad_experiments import good_experiment


def _spec(**changes: object) -> ExperimentSpec:
    document = good_experiment()
    document["factors"] = [
        {"name": "size", "path": "workloads[0].publish.payloadBytes", "values": [1, 2, 3]}
    ]
    return parse_experiment({**document, **changes})


def _points(**changes: object) -> list[int]:
    return [run.point for run in runs_of(_spec(**changes))]


def test_runs_of__interleaved__turns_each_round_around() -> None:
    runs = runs_of(_spec(repeats=3))
    assert [run.point for run in runs] == [0, 1, 2, 2, 1, 0, 0, 1, 2]
    assert [run.repeat for run in runs] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_runs_of__sequential__ends_with_a_point_before_the_next() -> None:
    assert _points(repeats=2, order="Sequential") == [0, 0, 1, 1, 2, 2]


def test_runs_of__random__has_each_point_once_per_round_by_the_seed() -> None:
    first, other = (_points(repeats=50, maxTrials=150, order="Random", seed=s) for s in (1, 2))
    assert first == _points(repeats=50, maxTrials=150, order="Random", seed=1) != other
    rounds = [tuple(first[at : at + 3]) for at in range(0, 150, 3)]
    assert {tuple(sorted(one)) for one in rounds} == {(0, 1, 2)}
    assert len(Counter(rounds)) == 6


def test_runs_of__random__is_the_same_in_each_version() -> None:
    assert _points(repeats=3, order="Random", seed=7) == [1, 2, 0, 0, 1, 2, 2, 1, 0]
