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
            pairs = ",".join(f'{key}="{_escape(text)}"' for key, text in labels.items())
            yield f"{self.name}{{{pairs}}} {value!r}" if pairs else f"{self.name} {value!r}"


def render(families: Iterable[Family]) -> str:
    """Return a whole exposition."""
    return "\n".join(line for family in families for line in family.render()) + "\n"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
