"""Which resources one operator watches: by selector, in some namespaces or in all."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from njst_operator.kube.label_selector import Selector

ALL = ""


@dataclass(frozen=True)
class WatchScope:
    """The scope of jobs and schedules alike; without namespaces all of them."""

    namespaces: tuple[str, ...] = ()
    selector: Selector = field(default_factory=Selector)

    @property
    def listed_namespaces(self) -> Sequence[str]:
        """The namespaces to list one after the other; the empty name stands for all at once."""
        return self.namespaces or (ALL,)

    def covers(self, namespace: str) -> bool:
        """Whether resources of a namespace are watched."""
        return not self.namespaces or namespace in self.namespaces

    def unselected(self) -> Self:
        """Return the same namespaces without a selector."""
        return replace(self, selector=Selector())

    def __str__(self) -> str:
        where = f"namespaces {', '.join(self.namespaces)}" if self.namespaces else "all namespaces"
        if len(self.namespaces) == 1:
            where = f"namespace {self.namespaces[0]}"
        return f"{where} ({self.selector.text})" if self.selector else where
