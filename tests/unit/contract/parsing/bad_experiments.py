"""Experiments that cannot run, each with the one field that is named and a part of what is said."""

from copy import deepcopy
from typing import Any

Document = dict[str, Any]


def good_experiment() -> Document:
    """A spec with two factors."""
    return {
        "template": {
            "streams": [{"name": "A"}, {"name": "B"}],
            "workloads": [
                {
                    "name": "write",
                    "stream": "A",
                    "durationSeconds": 10,
                    "messagesPerSecond": 300,
                    "publish": {},
                },
                {
                    "name": "ask",
                    "stream": "B",
                    "durationSeconds": 10,
                    "messagesPerSecond": 100,
                    "publish": {"mode": "Synchronous"},
                },
                {"name": "read", "stream": "A", "durationSeconds": 10, "consume": {}},
            ],
        },
        "factors": [
            {"name": "size", "path": "workloads[0].publish.payloadBytes", "values": [16, 1024]},
            {"name": "copies", "path": "streams[B].replicas", "values": [1, 3]},
        ],
    }


def good_search() -> Document:
    """A spec with a search and without factors."""
    document = good_experiment()
    del document["factors"]
    return {**document, "search": {"fromMessagesPerSecond": 400}}


_POINTS: Document = {"points": [{"size": 1, "copies": 1}]}
_SIZE = {"name": "size", "path": "workloads[0].publish.payloadBytes"}
_COPIES = {"name": "copies", "path": "streams[B].replicas"}
_WORKLOADS = good_search()["template"]["workloads"]


def _factor(path: str, *values: Any) -> Document:
    return {"factors": [{"name": "f", "path": path, "values": list(values) or [1]}]}


def _template(**changes: Any) -> Document:
    return {"template": {**good_experiment()["template"], **changes}}


def _workload(number: int, **changes: Any) -> Document:
    """A template with one workload changed; None removes a field."""
    workloads = deepcopy(_WORKLOADS)
    workloads[number].update(changes)
    return _template(workloads=workloads)


def _row(base: Document, changes: Document) -> Document:
    return {**base, **changes}


def _compared(factor: str, metric: str, **choice: Any) -> Document:
    return {"factor": factor, "metrics": [{"metric": metric, **choice}]}


_RELATIVE = {"metric": "MessagesPerSecond", "relativeTo": "main", "atLeastPercent": 95}
_GRID, _SEARCH = good_experiment(), good_search()
# A document, the field, and a part of the message.
BAD_EXPERIMENTS: list[tuple[Document, str, str]] = [
    (_row(_GRID, {"template": {}}), "spec.template.workloads", "Required value"),
    (
        _row(_SEARCH, {"template": {**_SEARCH["template"], "thresholds": [_RELATIVE]}}),
        "spec",
        "search cannot have thresholds with relativeTo",
    ),
    (_row(_GRID, {"unknown": 1}), "spec.unknown", "unknown field"),
    (_row(_GRID, _template(cancel=True)), "spec", "cancel the experiment"),
    (_row(_GRID, _template(suspend=True)), "spec", "suspend the experiment"),
    (_row(_GRID, _template(mesh="a")), "spec", "set mesh of the experiment"),
    (_row(_GRID, _template(ttlSecondsAfterFinished=1)), "spec", "set it in the experiment"),
    (_row(_GRID, _template(skipIfRanWithinSeconds=1)), "spec", "each trial must run"),
    (_row(_GRID, {"repeats": 26}), "spec", 'at most maxTrials, and "104" is not'),
    (_row(_GRID, {"maxTrials": 3}), "spec", 'at most maxTrials, and "4" is not'),
    (
        _row(_GRID, {"factors": [_SIZE, _COPIES], "repeats": 100, "points": 2 * _POINTS["points"]}),
        "spec",
        "number of points times repeats must be at most maxTrials",
    ),
    (_row(_GRID, {"maxTrials": 1001}), "spec.maxTrials", "less than or equal to 1000"),
    (_row(_GRID, {"order": "Random"}), "spec", "seed must be set with order Random"),
    (_row(_GRID, {"seed": 1}), "spec", "seed must be set with order Random"),
    (_row(_GRID, {"factors": [_SIZE]}), "spec", "must have values, or points must be set"),
    (_row(_GRID, _POINTS), "spec", "factors cannot have values with points"),
    (
        _row(_GRID, {"factors": [_SIZE, _COPIES], "points": [{"size": 1}]}),
        "spec",
        'no other, and "points[0]" is not',
    ),
    (
        _row(_GRID, {"factors": [_SIZE], **_POINTS}),
        "spec",
        'no other, and "points[0]" is not',
    ),
    (
        _row(_GRID, {"factors": [{**_SIZE, "values": [1]}] * 2}),
        "spec.factors[1]",
        "Duplicate value",
    ),
    (
        _row(_GRID, {"factors": [{**_SIZE, "name": n, "values": [1]} for n in "ab"]}),
        "spec",
        "a path of its own",
    ),
    (_row(_GRID, _factor("Workloads")), "spec.factors[0].path", "should match"),
    (
        _row(_GRID, _factor("workloads[0].publish.bytes")),
        "spec.factors[0].path",
        "workloads[0].publish has no bytes, but ackTimeoutSeconds, batch,",
    ),
    (_row(_GRID, _factor("stream")), "spec.factors[0].path", "the template has no stream, but act"),
    (
        _row(_GRID, _factor("workloads[2].publish.payloadBytes")),
        "spec.factors[0].path",
        "the template leaves out workloads[2].publish",
    ),
    (
        _row(_GRID, _factor("workloads[3].clients")),
        "spec.factors[0].path",
        "no entry 3, but workloads[write], workloads[ask], workloads[read]",
    ),
    (
        _row(_GRID, _factor("streams[C].count")),
        "spec.factors[0].path",
        "no entry C, but streams[A]",
    ),
    (
        _row(_GRID, _factor("streams.count")),
        "spec.factors[0].path",
        "streams is a list: its entries are streams[A], streams[B]",
    ),
    (_row(_GRID, _factor("target[0]")), "spec.factors[0].path", "target is no list"),
    (_row(_GRID, _factor("workers.a")), "spec.factors[0].path", "workers has no fields"),
    (_row(_GRID, _factor("mesh", "b")), "spec.factors[0].path", "must be the same in all trials"),
    (_row(_GRID, _factor("workloads[0].name", "b")), "spec.factors[0].path", "must be the same"),
    (_row(_GRID, _factor("workloads", [])), "spec.factors[0].path", "must be the same"),
    (
        _row(_GRID, _factor("workloads[write].clients", 1, 0)),
        "spec.factors[0].values[1]",
        "a trial with workloads[write].clients = 0 cannot run: workloads[0].clients: should be",
    ),
    (
        _row(_GRID, {"factors": [{**_SIZE, "values": [1, "1"]}, {**_COPIES, "values": [1, 3]}]}),
        "spec.factors[0].values[1]",
        'payloadBytes = "1", streams[B].replicas = 1 cannot run: workloads[0].publish.payload',
    ),
    (
        _row(
            _GRID,
            {
                "factors": [_SIZE, _COPIES],
                "points": [{"size": 1, "copies": 1}, {"size": 1, "copies": 9}],
            },
        ),
        "spec.points[1]",
        "streams[B].replicas = 9 cannot run: streams[1].replicas: should be less than or equal",
    ),
    (
        # Each of the two values is good with the other's first one.
        _row(
            _GRID,
            {
                "factors": [
                    {"name": "t", "path": "workloads[2].durationSeconds", "values": [10, 5]},
                    {"name": "w", "path": "workloads[2].warmupSeconds", "values": [4, 6]},
                ]
            },
        ),
        "spec.factors",
        "workloads[2].durationSeconds = 5, workloads[2].warmupSeconds = 6 cannot run",
    ),
    (
        _row(
            _SEARCH,
            _workload(0, messagesPerSecond=None)
            | {"search": {}}
            | _factor("workloads[1].messagesPerSecond", 1, None),
        ),
        "spec.factors[0].values[1]",
        "search needs a workload with messagesPerSecond",
    ),
    (
        _row(_SEARCH, _template(workloads=[{**_WORKLOADS[2], "messagesPerSecond": None}])),
        "spec",
        "search needs a workload of template with messagesPerSecond",
    ),
    (
        _row(
            _SEARCH,
            _workload(
                1,
                durationSeconds=None,
                messagesPerSecond=None,
                stages=[{"durationSeconds": 10, "messagesPerSecond": 5}],
            ),
        ),
        "spec.template.workloads[1].stages",
        "search holds one rate in a trial",
    ),
    (
        _row(_SEARCH, _workload(0, rampSeconds=6)),
        "spec.template.workloads[0].rampSeconds",
        "must be at most 5, the warmupSeconds of the search",
    ),
    (
        _row(_SEARCH, _workload(2, durationSeconds=None, messages=10)),
        "spec.template.workloads[2].messages",
        "needs durationSeconds instead",
    ),
    (_row(_SEARCH, _workload(2, startSeconds=1)), "spec.template.workloads", "begin together"),
    (
        _row(_SEARCH, _template(activeDeadlineSeconds=65)),
        "spec.template.activeDeadlineSeconds",
        "must be more than 65, the longest trial of the search",
    ),
    (
        _row(_SEARCH, {"search": {"toMessagesPerSecond": 399}}),
        "spec.template.workloads",
        "search begins at 400 messages per second, above its highest, 399",
    ),
    (
        _row(_SEARCH, {"search": {"fromMessagesPerSecond": 3}}),
        "spec.template.workloads[1].messagesPerSecond",
        "its share of 3 messages per second, at which the search begins, is less than one",
    ),
    (
        _row(_SEARCH, {"search": {"fromMessagesPerSecond": 3, "toMessagesPerSecond": 2}}),
        "spec.search",
        "fromMessagesPerSecond must not be above toMessagesPerSecond",
    ),
    (_row(_SEARCH, {"search": {"trialSeconds": 4}}), "spec.search.trialSeconds", "greater than"),
    (
        _row(_GRID, {"comparison": _compared("other", "LatencyP99Microseconds")}),
        "spec",
        '"other" is',
    ),
    (
        _row(_GRID, {"comparison": _compared("size", "SustainedMessagesPerSecond")}),
        "spec",
        "with search, and without search any other",
    ),
    (
        _row(_GRID, {"search": {}, "comparison": _compared("size", "MessagesPerSecond")}),
        "spec",
        "with search, and without search any other",
    ),
    (
        _row(_GRID, {"comparison": _compared("size", "MessagesPerSecond", workload="x")}),
        "spec",
        'one of template.workloads, and "x" is not',
    ),
    (
        _row(_GRID, {"comparison": _compared("size", "Errors")}),
        "spec.comparison.metrics[0].metric",
        "should be",
    ),
    (
        _row(
            _SEARCH, {"comparison": _compared("size", "SustainedMessagesPerSecond", workload="w")}
        ),
        "spec.comparison.metrics[0]",
        "workload cannot be set",
    ),
    (
        _row(
            _GRID,
            {"comparison": {"factor": "size", "metrics": [{"metric": "MessagesPerSecond"}] * 2}},
        ),
        "spec.comparison",
        "each of metrics must be there once",
    ),
]
