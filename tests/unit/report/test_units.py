import pytest

from njst.report.units import duration


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [
        (0, "0 us"),
        (999, "999 us"),
        (1_000, "1 ms"),
        (12_345, "12.3 ms"),
        (999_499, "999 ms"),
        (999_500, "1 s"),
        (1_500_000, "1.5 s"),
        (999_400_000, "999 s"),
        (3_600_000_000, "3,600 s"),
    ],
)
def test_a_duration_has_three_digits_and_its_unit(microseconds: int, words: str) -> None:
    assert duration(microseconds) == words
