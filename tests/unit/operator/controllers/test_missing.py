"""A resource that one list lacks is not gone: the next list may have it again."""

from njst_operator.controllers.missing import Missing


def test_missing__for_the_whole_grace__is_gone() -> None:
    missing = Missing(grace_s=60)
    assert missing.gone({"a", "b"}, {"a"}, 0) == []
    assert missing.gone({"a", "b"}, {"a"}, 59) == []
    assert missing.gone({"a", "b"}, {"a"}, 60) == ["b"]


def test_missing__listed_again__starts_over() -> None:
    missing = Missing(grace_s=60)
    missing.gone({"a"}, set(), 0)
    missing.gone({"a"}, {"a"}, 30)
    assert missing.gone({"a"}, set(), 60) == []
    assert missing.gone({"a"}, set(), 120) == ["a"]
