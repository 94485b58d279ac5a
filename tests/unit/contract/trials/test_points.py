"""The points of an experiment, and the job of each."""

from njst.contract.parsing.experiment import parse_experiment
from njst.contract.trials.points import document_of, points_of
from njst.contract.trials.template_path import locate, with_value
from tests.unit.contract.parsing.bad_experiments import good_experiment, good_search


def test_points_of__grid__are_all_combinations_last_factor_fastest() -> None:
    points = points_of(parse_experiment(good_experiment()))
    assert [str(point) for point in points] == [
        "size=16, copies=1",
        "size=16, copies=3",
        "size=1024, copies=1",
        "size=1024, copies=3",
    ]


def test_points_of__listed_points__are_in_the_order_of_the_factors() -> None:
    document = good_experiment()
    for factor in document["factors"]:
        del factor["values"]
    document["points"] = [{"copies": 3, "size": 2}, {"size": 1, "copies": 1}]
    points = points_of(parse_experiment(document))
    assert [str(point) for point in points] == ["size=2, copies=3", "size=1, copies=1"]


def test_points_of__no_factors__is_the_template_itself() -> None:
    spec = parse_experiment(good_search())
    (point,) = points_of(spec)
    assert str(point) == ""
    assert document_of(spec, point)["workloads"][0]["messagesPerSecond"] == 300


def test_document_of__each_point__has_its_values_and_leaves_the_template_alone() -> None:
    spec = parse_experiment(good_experiment())
    jobs = [document_of(spec, point) for point in points_of(spec)]
    assert [
        (job["workloads"][0]["publish"]["payloadBytes"], job["streams"][1]["replicas"])
        for job in jobs
    ] == [(16, 1), (16, 3), (1024, 1), (1024, 3)]
    assert {job["workloads"][1]["publish"]["payloadBytes"] for job in jobs} == {1024}
    assert spec.template.streams[1].replicas == 1


def test_document_of__null__leaves_the_field_out() -> None:
    document = good_experiment()
    document["factors"] = [
        {"name": "rate", "path": "workloads[0].messagesPerSecond", "values": [None, 5]}
    ]
    spec = parse_experiment(document)
    rates = [document_of(spec, p)["workloads"][0]["messagesPerSecond"] for p in points_of(spec)]
    assert rates == [None, 5]


def test_locate__entry_by_name_or_index__is_the_same_place() -> None:
    template = parse_experiment(good_experiment()).template
    by_name = locate(template, "workloads[read].consume.batch")
    assert by_name == locate(template, "workloads[2].consume.batch")
    assert by_name == ("workloads", 2, "consume", "batch")


def test_with_value__inner_place__changes_a_copy() -> None:
    document = {"a": [{"b": 1}, {"b": 2}], "c": 3}
    assert with_value(document, ("a", 1, "d"), 4) == {"a": [{"b": 1}, {"b": 2, "d": 4}], "c": 3}
    assert document == {"a": [{"b": 1}, {"b": 2}], "c": 3}
