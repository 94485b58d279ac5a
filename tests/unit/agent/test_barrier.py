"""Phases of workloads: workers that only read the log begin them together."""

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from njst.agent import actions as a
from njst.agent import decide as d
from njst.contract.events import (
    Begun,
    Created,
    Done,
    Event,
    Finished,
    Origin,
    OriginKind,
    Ready,
    Started,
    Suspected,
)
from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import Outcome
from njst.journal.state.job_view import JobView, ParticipantPhase
from njst.journal.state.projection import LogEntry, apply

S = 1_000_000_000
WORKERS = ("a", "b", "c")
SPEC = parse_spec(
    {
        "streams": [{"name": "S"}],
        "workloads": [
            {"name": "fill", "stream": "S", "messages": 9, "publish": {}},
            {"name": "warm", "stream": "S", "messages": 9, "publish": {}},
            {"name": "read", "stream": "S", "messages": 9, "consume": {}, "after": ["fill"]},
            {"name": "both", "stream": "S", "messages": 9, "consume": {}, "after": ["fill"]},
            {"name": "last", "stream": "S", "messages": 9, "get": {}, "after": ["warm", "read"]},
        ],
    }
)


@dataclass
class World:
    """A log, its view, and what each worker has done so far."""

    view: JobView
    now_ns: int = 1000 * S
    done: dict[str, set[str]] = field(default_factory=lambda: {w: set() for w in WORKERS})
    begun: dict[str, dict[str, int]] = field(default_factory=lambda: {w: {} for w in WORKERS})
    dead: set[str] = field(default_factory=set)

    @classmethod
    def started(cls) -> "World":
        created = Created(
            spec=SPEC, participants=list(WORKERS), origin=Origin(kind=OriginKind.HTTP)
        )
        view = apply(None, LogEntry(1, 1000 * S, "j", "", created))
        assert view is not None
        world = cls(view)
        for worker in WORKERS:
            world.append(worker, Ready())
        world.append("", Started(run=list(WORKERS), lead_ms=0))
        return world

    def append(self, worker: str, event: Event) -> None:
        entry = LogEntry(self.view.last_seq + 1, self.now_ns, "j", worker, event)
        view = apply(self.view, entry)
        assert view is not None
        self.view = view

    def decide(self, worker: str) -> tuple[a.Action, ...]:
        know = a.Knowledge(
            me=worker,
            stage=a.ParticipantStage.LOADING,
            now_ns=self.now_ns,
            admitted_ns=0,
            heard_ns=dict.fromkeys(WORKERS, self.now_ns),
            done=frozenset(self.done[worker]) & SPEC.awaited,
            begun=frozenset(self.begun[worker]),
        )
        return d.decide(self.view, know)

    def act(self, worker: str, stale: JobView | None = None) -> None:
        """Let a worker decide, perhaps from an older view, and append its events."""
        fresh, self.view = self.view, stale or self.view
        actions = self.decide(worker)
        self.view = fresh
        for action in actions:
            if isinstance(action, a.ReportDone):
                self.append(worker, Done(workloads=list(action.workloads)))
            elif isinstance(action, a.StartPhase):
                self.append(worker, Begun(workloads=list(action.workloads), lead_ms=400))
            elif isinstance(action, a.BeginWorkload):
                self.begun[worker][action.workload] = action.at_ns

    def works_on(self, worker: str) -> list[str]:
        gated = {workload.name for workload in SPEC.gated}
        may = [w.name for w in SPEC.workloads if w.name not in gated] + [*self.begun[worker]]
        return [name for name in may if name not in self.done[worker]]


@given(st.data())
def test_phases__any_order__begin_after_those_before_and_all_begin(
    data: st.DataObject,
) -> None:
    world = World.started()
    before: JobView | None = None
    for _ in range(data.draw(st.integers(0, 40))):
        worker = data.draw(st.sampled_from(WORKERS))
        what = data.draw(st.sampled_from(["act", "stale", "work", "die", "wait"]))
        if what == "wait":
            world.now_ns += data.draw(st.integers(0, S))
        elif worker in world.dead:
            continue
        elif what == "act":
            world.act(worker)
        elif what == "stale":
            world.act(worker, before)
        elif what == "work" and (names := world.works_on(worker)):
            world.done[worker].add(data.draw(st.sampled_from(names)))
        elif what == "die" and len(world.dead) < 2:
            world.dead.add(worker)
        before = world.view
        check(world)
    finish(world)


def check(world: World) -> None:
    """A phase begins after all running workers are done, at one instant for all of them."""
    for workload in SPEC.gated:
        if workload.name in world.view.begins_ns:
            for part in world.view.parts.values():
                if part.state is ParticipantPhase.RUNNING:
                    assert world.done[part.worker].issuperset(workload.after)
    for begun in world.begun.values():
        assert begun.items() <= world.view.begins_ns.items()


def finish(world: World) -> None:
    """Dead workers are lost, and the others go on: all workloads end."""
    for _ in range(40):
        world.now_ns += S
        for worker in sorted(world.dead):
            world.append(worker, Suspected())
        world.now_ns += S // 10
        for worker in WORKERS:
            if worker not in world.dead:
                world.done[worker].update(world.works_on(worker))
                world.act(worker)
        check(world)
    assert set(world.view.begins_ns) == {"read", "both", "last"}
    assert world.view.begins_ns["read"] == world.view.begins_ns["both"]
    for worker in set(WORKERS) - world.dead:
        assert world.done[worker] == {workload.name for workload in SPEC.workloads}


def test_phases__finished_worker__is_not_waited_for() -> None:
    world = World.started()
    for worker in ("a", "b"):
        world.done[worker].add("fill")
        world.act(worker)
    world.now_ns += S
    assert not [x for w in WORKERS for x in world.decide(w) if isinstance(x, a.StartPhase)]
    world.append("c", Finished(outcome=Outcome.FAILED))
    world.now_ns += S
    opened = [x for w in WORKERS for x in world.decide(w) if isinstance(x, a.StartPhase)]
    assert set(opened) == {a.StartPhase(("read", "both"))}


def test_phases__first_by_rank_fails__the_next_starts_them() -> None:
    world = World.started()
    for worker in WORKERS:
        world.done[worker].add("fill")
        world.act(worker)

    def openers() -> list[str]:
        return [w for w in WORKERS if any(isinstance(x, a.StartPhase) for x in world.decide(w))]

    assert len(openers()) == 1
    world.now_ns += d.RANK_DELAY_NS
    assert len(openers()) == 2
    world.view = replace(world.view)
    world.act(openers()[0])
    assert openers() == []
