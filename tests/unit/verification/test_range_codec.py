"""Ranges survive being text; what is no such text is refused; what is too long says so."""

import zlib
from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.verification.range_codec import ProducerRanges, decode, encode, fitted
from njst.verification.ranges import Ranges

_ranges = st.lists(st.tuples(st.integers(0, 2**40), st.integers(1, 2**20)), max_size=8).map(
    lambda pairs: Ranges((begin, begin + size) for begin, size in pairs).ranges()
)
_entries = st.dictionaries(
    st.integers(0, 2**32 - 1), st.tuples(st.integers(0, 2**40), st.none() | _ranges), max_size=20
).map(lambda found: [ProducerRanges(code, *rest) for code, rest in sorted(found.items())])


def _deflated(data: bytes) -> str:
    return b64encode(zlib.compress(data)).decode()


@given(_entries)
def test_what_was_written_is_read(entries: list[ProducerRanges]) -> None:
    assert decode(encode(entries)) == entries


@given(st.text(max_size=30) | st.binary(max_size=60).map(_deflated))
def test_any_other_text_is_refused_or_has_entries(text: str) -> None:
    with suppress(ValueError):
        assert all(entry.code >= 0 for entry in decode(text))


@given(_entries.filter(bool), st.data())
def test_a_text_that_was_cut_is_refused(entries: list[ProducerRanges], data: st.DataObject) -> None:
    text = encode(entries)
    with pytest.raises(ValueError):  # noqa: PT011 - of several kinds
        decode(text[: data.draw(st.integers(1, len(text) - 1))])


def test_a_thousand_producers_are_a_few_kibibytes() -> None:
    entries = [ProducerRanges(code, 100_000, [(0, 100_000)]) for code in range(1000)]
    assert len(encode(entries)) < 8 * 1024


@given(_entries, st.integers(0, 400))
def test_what_does_not_fit_is_named_and_has_no_ranges(
    entries: list[ProducerRanges], room: int
) -> None:
    text = fitted(entries, room)
    told = decode(text)
    assert [entry[:2] for entry in told] == [entry[:2] for entry in entries]
    assert all(
        entry.ranges in (None, before.ranges) for entry, before in zip(told, entries, strict=True)
    )
    assert len(text) <= room or all(entry.ranges is None for entry in told)
