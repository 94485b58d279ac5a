"""All experiments of a mesh as this process has read them."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from njst.journal.state.experiments.experiment_projection import apply
from njst.journal.state.experiments.experiment_view import ExperimentView
from njst.journal.state.projection import LogEntry

Listener = Callable[[str], None]

KEEP_EXPERIMENTS = 200


@dataclass
class ExperimentStore:
    """Views by id, fed by `Log.follow`; listeners are called with the id of each that changed."""

    _views: dict[str, ExperimentView] = field(default_factory=dict)
    # Those that have not ended, in the order of the log; only the keys count.
    _open: dict[str, None] = field(default_factory=dict)
    _ended: deque[str] = field(default_factory=deque)
    _dropped: list[str] = field(default_factory=list)
    _listeners: list[Listener] = field(default_factory=list)
    # How many that have ended are kept, the newest.
    keep: int = KEEP_EXPERIMENTS

    def on_entry(self, entry: LogEntry) -> None:
        """Apply one entry of the log."""
        before = self._views.get(entry.job)
        view = apply(before, entry)
        if view is None or view is before:
            return
        self._views[view.id] = view
        if before is None:
            self._open[view.id] = None
        elif view.concluded is not None and before.concluded is None:
            self._end(view.id)
        for listener in [*self._listeners]:
            listener(view.id)

    def _end(self, experiment: str) -> None:
        del self._open[experiment]
        self._ended.append(experiment)
        while len(self._ended) > self.keep:
            oldest = self._ended.popleft()
            del self._views[oldest]
            self._dropped.append(oldest)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each change; return what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def get(self, experiment: str) -> ExperimentView | None:
        """Return an experiment that is not deleted, or None."""
        view = self.view(experiment)
        return None if view is None or view.deleted else view

    def view(self, experiment: str) -> ExperimentView | None:
        """Return an experiment, deleted or not, or None."""
        return self._views.get(experiment)

    def experiments(self) -> list[ExperimentView]:
        """Return those that are not deleted, in the order of the log."""
        return [view for view in self._views.values() if not view.deleted]

    def open_experiments(self) -> list[ExperimentView]:
        """Return those that have not ended, deleted or not, in the order of the log."""
        return [self._views[experiment] for experiment in self._open]

    def take_dropped(self) -> list[str]:
        """Return, once, the ids of those that were dropped here: the log may drop them too."""
        dropped, self._dropped = self._dropped, []
        return dropped
