"""Results of a run of the whole bench, as a table and as JSON."""

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.goals import Goal
from bench.load.cases import Case
from bench.pairs import Pair, Spread
from bench.run_outcome import RunOutcome
from njst.load.host.cores import usable_cores


@dataclass(frozen=True)
class Figures:
    """The pairs of one case."""

    case: Case
    pairs: Sequence[Pair]

    @property
    def rate_ratio(self) -> Spread:
        return Spread.of([pair.rate_ratio for pair in self.pairs])

    @property
    def cpu_ratio(self) -> Spread:
        return Spread.of([pair.cpu_ratio for pair in self.pairs])

    def goals(self) -> list[Goal]:
        """Return the two goals that each case has."""
        return [
            Goal(f"{self.case.label}: rate", self.rate_ratio, self.case.rate_goal, at_least=True),
            Goal(f"{self.case.label}: CPU", self.cpu_ratio, self.case.cpu_goal, at_least=False),
        ]

    def row(self) -> list[str]:
        """Return a row of the table."""
        ours, peer = [p.ours for p in self.pairs], [p.peer for p in self.pairs]
        per_million = 1e6 / self.case.messages
        return [
            self.case.label,
            f"{_rate(ours):,.0f}",
            f"{_rate(peer):,.0f}",
            str(self.rate_ratio),
            f"{_cpu(ours) * per_million:.2f}",
            f"{_cpu(peer) * per_million:.2f}",
            str(self.cpu_ratio),
            _latencies(ours),
            _latencies(peer),
        ]

    def document(self) -> dict[str, Any]:
        """Return all data, for a JSON file."""
        return {
            "case": self.case.label,
            "messages": self.case.messages,
            "pairs": [{"njst": vars(pair.ours), "peer": vars(pair.peer)} for pair in self.pairs],
        }


_HEADER = [
    "workload",
    "njst msg/s",
    "nats bench msg/s",
    "rate ratio",
    "njst CPU-s/M",
    "nats CPU-s/M",
    "CPU ratio",
    "njst p50/p99 us",
    "nats p50/p99 us",
]


def markdown(all_figures: Sequence[Figures]) -> str:
    """Return a table for the docs."""
    rows = [_HEADER, ["---"] * len(_HEADER), *(figures.row() for figures in all_figures)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def to_json(all_figures: Sequence[Figures], extra: dict[str, Any]) -> str:
    """Return a document with the machine that it was measured on."""
    document = {
        "machine": {"cores": usable_cores(), "system": platform.platform()},
        "cases": [figures.document() for figures in all_figures],
        **extra,
    }
    return json.dumps(document, indent=1) + "\n"


def _rate(outcomes: Sequence[RunOutcome]) -> float:
    return median(outcome.rate for outcome in outcomes)


def _cpu(outcomes: Sequence[RunOutcome]) -> float:
    return median(outcome.cpu_s for outcome in outcomes)


def _latencies(outcomes: Sequence[RunOutcome]) -> str:
    p50 = [outcome.p50_us for outcome in outcomes if outcome.p50_us is not None]
    p99 = [outcome.p99_us for outcome in outcomes if outcome.p99_us is not None]
    return f"{median(p50):,.0f}/{median(p99):,.0f}" if p50 and p99 else "-"
