"""Which resources one operator looks at: what a selector takes, in some namespaces or in all."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from njst_operator.kube.label_selector import Selector

ALL = ""


@dataclass(frozen=True)
class WatchScope:
    """Without namespaces all of them; the same for jobs and schedules."""

    namespaces: tuple[str, ...] = ()
    selector: Selector = field(default_factory=Selector)

    @property
    def asked(self) -> Sequence[str]:
        """The namespaces to ask for one after the other; the empty name asks for all at once."""
        return self.namespaces or (ALL,)

    def covers(self, namespace: str) -> bool:
        """Whether resources of a namespace are looked at."""
        return not self.namespaces or namespace in self.namespaces

    def unselected(self) -> Self:
        """Return the same namespaces without a selector."""
        return replace(self, selector=Selector())

    def __str__(self) -> str:
        where = f"namespaces {', '.join(self.namespaces)}" if self.namespaces else "all namespaces"
        if len(self.namespaces) == 1:
            where = f"namespace {self.namespaces[0]}"
        return f"{where} ({self.selector.text})" if self.selector else where
