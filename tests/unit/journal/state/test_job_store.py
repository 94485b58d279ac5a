"""The queue: jobs that share a worker run one after the other, in the order of the log."""

from hypothesis import given
from hypothesis import strategies as st

from njst.contract.events import Cleaned, Deleted, Progress
from njst.contract.spec.job import Sharing
from njst.journal.state.job_store import Book
from njst.journal.state.projection import Entry
from tests.unit.journal.state.test_projection import S, created, ended


def create(
    book: Book,
    job: str,
    workers: list[str],
    priority: int = 0,
    sharing: Sharing = Sharing.EXCLUSIVE,
) -> None:
    seq = book.last_seq + 1
    event = created(*workers)
    spec = event.spec.model_copy(update={"priority": priority, "sharing": sharing})
    event = event.model_copy(update={"spec": spec})
    book.on_entry(Entry(seq, seq * S, job, "", event))


def close(book: Book, job: str) -> None:
    for event in (ended(), Cleaned()):
        seq = book.last_seq + 1
        book.on_entry(Entry(seq, seq * S, job, "", event))


def waits(book: Book, job: str) -> bool:
    view = book.view(job)
    assert view is not None
    return book.queue_since_ns(view) is None


def test_the_second_job_waits_for_the_first_and_counts_from_its_end() -> None:
    book = Book()
    create(book, "one", ["a", "b"])
    create(book, "two", ["b", "c"])
    create(book, "three", ["d"])
    assert [waits(book, job) for job in ("one", "two", "three")] == [False, True, False]
    close(book, "one")
    two = book.view("two")
    assert two is not None
    assert book.queue_since_ns(two) == 5 * S, "the end of the first, not its own beginning"


_jobs = st.lists(
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=4, unique=True), min_size=1, max_size=12
)


@given(_jobs, st.data())
def test_there_is_always_a_job_that_may_run_and_never_two_on_a_worker(
    jobs: list[list[str]], data: st.DataObject
) -> None:
    book = Book()
    for number, workers in enumerate(jobs):
        create(book, f"j{number}", workers)
    while open_jobs := book.open_jobs():
        running = [view for view in open_jobs if book.queue_since_ns(view) is not None]
        assert running, "all wait for each other"
        busy = [worker for view in running for worker in view.parts]
        assert len(busy) == len(set(busy)), "a worker would run two jobs"
        close(book, data.draw(st.sampled_from(running)).id)


def test_a_deleted_job_is_hidden_and_still_cleaned_up() -> None:
    book = Book()
    create(book, "one", ["a"])
    book.on_entry(Entry(2, 2 * S, "one", "", Deleted()))
    assert book.get("one") is None
    assert book.jobs() == []
    assert [view.id for view in book.open_jobs()] == ["one"]


def test_progress_is_kept_until_the_job_is_closed_and_listeners_hear_of_it() -> None:
    book = Book()
    heard: list[str] = []
    stop = book.listen(heard.append)
    create(book, "one", ["a"])
    book.on_progress("one", "a", Progress(elapsed_ms=1), 5)
    assert book.progress("one")["a"].time_ns == 5
    close(book, "one")
    assert book.progress("one") == {}
    book.on_progress("one", "a", Progress(elapsed_ms=2), 6)
    assert book.progress("one") == {}, "late progress of a closed job is no memory leak"
    stop()
    create(book, "two", ["a"])
    assert heard == ["one"] * 4


def test_the_highest_priority_of_those_that_wait_goes_first_and_takes_nobody_s_workers() -> None:
    book = Book()
    create(book, "runs", ["a", "b"])
    create(book, "low", ["a"], priority=-1)
    create(book, "first", ["a"])
    create(book, "high", ["b", "a"], priority=5)
    assert book.waits_for("high") == ["runs"]
    assert book.waits_for("first") == ["runs", "high"]
    assert book.waits_for("low") == ["runs", "high", "first"]
    order = []
    for _ in range(4):
        (running,) = [view.id for view in book.active_jobs()]
        order.append(running)
        close(book, running)
    assert order == ["runs", "high", "first", "low"]


def test_shared_jobs_run_beside_each_other_and_an_exclusive_one_alone() -> None:
    book = Book()
    create(book, "one", ["a"], sharing=Sharing.SHARED)
    create(book, "two", ["a"], sharing=Sharing.SHARED)
    create(book, "alone", ["a"])
    create(book, "behind", ["a"], sharing=Sharing.SHARED)
    assert [view.id for view in book.active_jobs()] == ["one", "two"]
    assert book.waits_for("alone") == ["one", "two"]
    assert book.waits_for("behind") == ["alone"], "or the exclusive one would wait for ever"
    close(book, "one")
    close(book, "two")
    assert [view.id for view in book.active_jobs()] == ["alone"]


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
def test_the_queue_drains_whatever_waits_in_it(
    claims: list[tuple[list[str], int, Sharing]], data: st.DataObject
) -> None:
    """Waiting ones may end too: they are cancelled. Whoever has its workers keeps them."""
    book = Book()
    for number, (workers, priority, sharing) in enumerate(claims):
        create(book, f"j{number}", workers, priority, sharing)
    held: set[str] = set()
    while open_jobs := book.open_jobs():
        running = [view for view in open_jobs if book.queue_since_ns(view) is not None]
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
        close(book, ends)
        held = {view.id for view in running} - {ends}


def test_only_the_newest_closed_jobs_are_kept_and_the_others_are_told_once() -> None:
    book = Book(keep=2)
    for number in range(5):
        create(book, f"j{number}", ["a"])
    for number in range(5):
        close(book, f"j{number}")
    assert [view.id for view in book.jobs()] == ["j3", "j4"]
    assert book.take_dropped() == ["j0", "j1", "j2"]
    assert book.take_dropped() == []
