"""Numbers survive being bytes; the bytes are those of LEB128 and of HdrHistogram."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.stats import varint

_NUMBERS = st.integers(0, 2**64 - 1) | st.sampled_from([2**bits - 1 for bits in range(64)])


def written(numbers: list[int]) -> bytes:
    out = bytearray()
    for number in numbers:
        varint.put(out, number)
    return bytes(out)


@given(st.lists(_NUMBERS, max_size=20))
def test_varint__any_numbers__are_read_as_written(numbers: list[int]) -> None:
    data = written(numbers)
    assert list(varint.read_all(data)) == numbers
    assert len(data) <= 9 * len(numbers)


@pytest.mark.parametrize(
    ("number", "data"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "8001"),
        (300, "ac02"),
        (2**56 - 1, "ffffffffffffff7f"),
        (2**56, "808080808080808001"),
        (2**64 - 1, "ffffffffffffffffff"),
    ],
)
def test_varint__known_number__has_known_bytes(number: int, data: str) -> None:
    assert written([number]).hex() == data


@given(_NUMBERS.filter(lambda number: number > 127), st.data())
def test_varint__cut_off__is_refused(number: int, data: st.DataObject) -> None:
    whole = written([number])
    cut = whole[: data.draw(st.integers(1, len(whole) - 1))]
    with pytest.raises(ValueError, match="ends within a number"):
        list(varint.read_all(cut))
