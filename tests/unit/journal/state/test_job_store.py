"""The queue: jobs that share a worker run one after the other, in the order of the log."""

from hypothesis import given
from hypothesis import strategies as st

from njst.contract.events import Cleaned, Deleted, Progress
from njst.contract.spec.job import Sharing
from njst.journal.state.job_store import JobStore
from njst.journal.state.projection import LogEntry
from tests.unit.journal.state.test_projection import S, created, ended


def create(
    job_store: JobStore,
    job: str,
    workers: list[str],
    priority: int = 0,
    sharing: Sharing = Sharing.EXCLUSIVE,
) -> None:
    seq = job_store.last_seq + 1
    event = created(*workers)
    spec = event.spec.model_copy(update={"priority": priority, "sharing": sharing})
    event = event.model_copy(update={"spec": spec})
    job_store.on_entry(LogEntry(seq, seq * S, job, "", event))


def close(job_store: JobStore, job: str) -> None:
    for event in (ended(), Cleaned()):
        seq = job_store.last_seq + 1
        job_store.on_entry(LogEntry(seq, seq * S, job, "", event))


def waits(job_store: JobStore, job: str) -> bool:
    view = job_store.view(job)
    assert view is not None
    return job_store.admitted_ns(view) is None


def test_queue__second_job__waits_and_counts_from_the_end_of_the_first() -> None:
    job_store = JobStore()
    create(job_store, "one", ["a", "b"])
    create(job_store, "two", ["b", "c"])
    create(job_store, "three", ["d"])
    assert [waits(job_store, job) for job in ("one", "two", "three")] == [False, True, False]
    close(job_store, "one")
    two = job_store.view("two")
    assert two is not None
    assert job_store.admitted_ns(two) == 5 * S, "the end of the first, not its own beginning"


_jobs = st.lists(
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=4, unique=True), min_size=1, max_size=12
)


@given(_jobs, st.data())
def test_queue__any_jobs__one_runs_and_never_two_on_a_worker(
    jobs: list[list[str]], data: st.DataObject
) -> None:
    job_store = JobStore()
    for number, workers in enumerate(jobs):
        create(job_store, f"j{number}", workers)
    while open_jobs := job_store.open_jobs():
        running = [view for view in open_jobs if job_store.admitted_ns(view) is not None]
        assert running, "all wait for each other"
        busy = [worker for view in running for worker in view.parts]
        assert len(busy) == len(set(busy)), "a worker would run two jobs"
        close(job_store, data.draw(st.sampled_from(running)).id)


def test_deleted_job__not_cleaned__is_hidden_and_active() -> None:
    job_store = JobStore()
    create(job_store, "one", ["a"])
    job_store.on_entry(LogEntry(2, 2 * S, "one", "", Deleted()))
    assert job_store.get("one") is None
    assert job_store.jobs() == []
    assert [view.id for view in job_store.open_jobs()] == ["one"]


def test_progress__until_the_job_is_closed__is_kept_and_announced() -> None:
    job_store = JobStore()
    heard: list[str] = []
    stop = job_store.listen(heard.append)
    create(job_store, "one", ["a"])
    job_store.on_progress("one", "a", Progress(elapsed_ms=1), 5)
    assert job_store.progress("one")["a"].time_ns == 5
    close(job_store, "one")
    assert job_store.progress("one") == {}
    job_store.on_progress("one", "a", Progress(elapsed_ms=2), 6)
    assert job_store.progress("one") == {}, "late progress of a closed job is no memory leak"
    stop()
    create(job_store, "two", ["a"])
    assert heard == ["one"] * 4


def test_queue__priorities__highest_first_without_preemption() -> None:
    job_store = JobStore()
    create(job_store, "runs", ["a", "b"])
    create(job_store, "low", ["a"], priority=-1)
    create(job_store, "first", ["a"])
    create(job_store, "high", ["b", "a"], priority=5)
    assert job_store.waits_for("high") == ["runs"]
    assert job_store.waits_for("first") == ["runs", "high"]
    assert job_store.waits_for("low") == ["runs", "high", "first"]
    order = []
    for _ in range(4):
        (running,) = [view.id for view in job_store.active_jobs()]
        order.append(running)
        close(job_store, running)
    assert order == ["runs", "high", "first", "low"]


def test_queue__shared_jobs__run_together_exclusive_alone() -> None:
    job_store = JobStore()
    create(job_store, "one", ["a"], sharing=Sharing.SHARED)
    create(job_store, "two", ["a"], sharing=Sharing.SHARED)
    create(job_store, "alone", ["a"])
    create(job_store, "behind", ["a"], sharing=Sharing.SHARED)
    assert [view.id for view in job_store.active_jobs()] == ["one", "two"]
    assert job_store.waits_for("alone") == ["one", "two"]
    assert job_store.waits_for("behind") == ["alone"], "or the exclusive one would wait for ever"
    close(job_store, "one")
    close(job_store, "two")
    assert [view.id for view in job_store.active_jobs()] == ["alone"]


_claims = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abcde"), min_size=1, max_size=4, unique=True),
        st.integers(-1, 1),
        st.sampled_from(Sharing),
    ),
    min_size=1,
    max_size=12,
)


@given(_claims, st.data())
def test_queue__any_jobs__drains(
    claims: list[tuple[list[str], int, Sharing]], data: st.DataObject
) -> None:
    """Waiting jobs may end too, by being cancelled. A job that has its workers keeps them."""
    job_store = JobStore()
    for number, (workers, priority, sharing) in enumerate(claims):
        create(job_store, f"j{number}", workers, priority, sharing)
    held: set[str] = set()
    while open_jobs := job_store.open_jobs():
        running = [view for view in open_jobs if job_store.admitted_ns(view) is not None]
        assert running, "all wait for each other"
        assert held <= {view.id for view in running}
        for view in running:
            for other in running:
                both_share = Sharing.EXCLUSIVE not in {
                    one.created.spec.sharing for one in (view, other)
                }
                apart = view.parts.keys().isdisjoint(other.parts)
                assert view is other or both_share or apart
        ends = data.draw(st.sampled_from(open_jobs)).id
        close(job_store, ends)
        held = {view.id for view in running} - {ends}


def test_closed_jobs__beyond_the_limit__are_dropped_and_named_once() -> None:
    job_store = JobStore(keep=2)
    for number in range(5):
        create(job_store, f"j{number}", ["a"])
    for number in range(5):
        close(job_store, f"j{number}")
    assert [view.id for view in job_store.jobs()] == ["j3", "j4"]
    assert job_store.take_dropped() == ["j0", "j1", "j2"]
    assert job_store.take_dropped() == []
