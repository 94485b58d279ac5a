"""Slices have everything behind the beginnings of the streams once, whoever cuts them."""

from hypothesis import given
from hypothesis import strategies as st

from njst.contract.results.readback import StreamReceipts
from njst.verification.slices import FEWEST, StreamRange, slice_count, slices

_receipts = st.lists(
    st.builds(
        StreamReceipts,
        workload=st.sampled_from("vw"),
        stream=st.sampled_from("ABC"),
        after=st.integers(0, 50),
        count=st.integers(0, 200),
    ),
    min_size=1,
    max_size=8,
)


@given(_receipts, st.integers(1, 8), st.randoms())
def test_every_sequence_is_in_one_slice(receipts, count, random) -> None:  # type: ignore[no-untyped-def]
    made = slices(receipts, count)
    assert len(made) == count
    shuffled = list(receipts)
    random.shuffle(shuffled)
    assert slices(shuffled, count) == made
    for stream in {some.stream for some in receipts}:
        mine = [some for some in receipts if some.stream == stream]
        pieces = [piece for one in made for piece in one if piece.stream == stream]
        at = min(some.after for some in mine)
        for piece in pieces[:-1]:
            assert piece.after == at
            assert piece.upto is not None
            assert piece.upto > at
            at = piece.upto
        assert (pieces[-1].after, pieces[-1].upto) == (at, None)


@given(st.integers(1, 10**7), st.integers(1, 8))
def test_slices_of_one_stream_are_as_long_as_each_other(count: int, readers: int) -> None:
    made = slices([StreamReceipts(workload="w", stream="S", count=count)], readers)
    ends = [piece.upto or count for pieces in made for piece in pieces]
    lengths = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
    assert max(lengths) - min(lengths) <= 1


def test_what_others_write_too_belongs_to_the_last_slice() -> None:
    receipts = [StreamReceipts(workload="w", stream="S", after=7, count=10)]
    assert slices(receipts, 2) == [[StreamRange("S", 7, 12)], [StreamRange("S", 12, None)]]


def test_few_messages_are_read_by_one_and_none_by_nobody() -> None:
    def of(count: int) -> list[StreamReceipts]:
        return [StreamReceipts(workload="w", stream="S", count=count)]

    assert slice_count([], 8) == 0
    assert slice_count(of(0), 8) == 1, "what was sent may be there"
    assert slice_count(of(FEWEST), 8) == 1
    assert slice_count(of(FEWEST + 1), 8) == 2
    assert slice_count(of(10**7), 8) == 8
    assert slice_count(of(10**7), 0) == 0


def test_of_a_stream_that_is_only_counted_nothing_is_read() -> None:
    core = StreamReceipts(workload="c", stream="C", after=7, is_core=True)
    assert slices([core], 1) == [[StreamRange("C", 7, 7)]]
    both = core.model_copy(update={"is_core": False, "after": 5})
    assert slices([core, both], 1) == [[StreamRange("C", 5, None)]]
