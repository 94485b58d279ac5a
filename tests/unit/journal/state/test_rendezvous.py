"""Rendezvous order: the same everywhere, and stable when members come or go."""

from hypothesis import given
from hypothesis import strategies as st

from njst.journal.state.rendezvous import order, rank

_names = st.lists(st.text("abcxyz-0123", min_size=1, max_size=6), min_size=1, unique=True)


@given(st.text(), _names)
def test_order__any_sequence_of_names__is_the_same(key: str, names: list[str]) -> None:
    assert order(key, names) == order(key, reversed(names))
    assert [rank(key, name, names) for name in order(key, names)] == list(range(len(names)))


@given(st.text(), _names)
def test_order__one_member_less__keeps_the_others_in_order(key: str, names: list[str]) -> None:
    before = order(key, names)
    assert order(key, names[1:]) == [name for name in before if name != names[0]]


def test_rank__not_a_member__comes_last() -> None:
    assert rank("job", "nobody", ["a", "b"]) == 2


def test_order__different_jobs__have_different_first_members() -> None:
    firsts = {order(f"job-{n}", ["a", "b", "c"])[0] for n in range(50)}
    assert firsts == {"a", "b", "c"}
