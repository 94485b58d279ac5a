import pytest

from njst.report.units import binary, duration


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


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 * 1024**3, "5.0 GiB")]
)
def test_bytes_have_a_binary_prefix(count: int, text: str) -> None:
    assert binary(count) == text
