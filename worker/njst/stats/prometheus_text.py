"""The Prometheus text format. Source: Prometheus exposition formats, text 0.0.4."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# Labels and a value; an int keeps all its digits.
MetricSample = tuple[dict[str, str], float]


@dataclass
class Family:
    """One metric with its samples."""

    name: str
    kind: str
    help: str
    samples: list[MetricSample] = field(default_factory=list)

    def render(self) -> Iterator[str]:
        """Yield the lines of the metric."""
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.kind}"
        for labels, value in self.samples:
            yield _line(self.name, labels, value)


@dataclass(frozen=True)
class Buckets:
    """A histogram as Prometheus has it: counts of values up to each bound, and their sum."""

    up_to: list[tuple[float, int]]
    count: int
    sum: float


@dataclass
class HistogramFamily:
    """One histogram with its samples."""

    name: str
    help: str
    samples: list[tuple[dict[str, str], Buckets]] = field(default_factory=list)

    def render(self) -> Iterator[str]:
        """Yield the lines of the histogram."""
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} histogram"
        for labels, buckets in self.samples:
            for bound, count in (*buckets.up_to, ("+Inf", buckets.count)):
                yield _line(f"{self.name}_bucket", {**labels, "le": str(bound)}, count)
            yield _line(f"{self.name}_sum", labels, buckets.sum)
            yield _line(f"{self.name}_count", labels, buckets.count)


def render(families: Iterable[Family | HistogramFamily]) -> str:
    """Return a whole exposition."""
    return "\n".join(line for family in families for line in family.render()) + "\n"


def _line(name: str, labels: dict[str, str], value: float) -> str:
    pairs = ",".join(f'{key}="{_escape(text)}"' for key, text in labels.items())
    return f"{name}{{{pairs}}} {value!r}" if pairs else f"{name} {value!r}"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
