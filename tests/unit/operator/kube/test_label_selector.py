"""Label selectors: what they select, and how invalid ones are refused."""

import pytest

from njst_operator.config import parse_config
from njst_operator.kube.label_selector import SelectorError, parse_selector
from njst_operator.kube.watch_scope import WatchScope

LABELS = {"team": "a", "tier": "gold", "example.com/x": "", "n": "1"}


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("", True),
        ("team=a", True),
        ("team == a", True),
        ("team=b", False),
        ("team!=b", True),
        ("team!=a", False),
        ("absent!=a", True),
        ("absent=a", False),
        ("team in (a, b)", True),
        ("team in (b,c)", False),
        ("team notin (b)", True),
        ("absent notin (b)", True),
        ("team", True),
        ("absent", False),
        ("!absent", True),
        ("!team", False),
        ("example.com/x=", True),
        ("team=a,tier in (silver,gold),!absent", True),
        ("team=a,tier in (silver),!absent", False),
    ],
)
def test_selector__labels__selects_what_kubectl_selects(text: str, taken: bool) -> None:
    assert parse_selector(text).matches(LABELS) is taken


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("team=a b", '"team=a b" is none of key, !key, key=value'),
        ("team in a", '"team in a" is none of'),
        ("team=a,", '"" is none of'),
        ("-x=a", '"-x" is no key of a label'),
        ("a/b/c", '"a/b/c" is no key of a label'),
        ("team=ä", '"ä" is no value of a label'),
        (f"team={'a' * 64}", "is no value of a label"),
        ("n>1", '"n>1" is no key of a label'),
    ],
)
def test_selector__invalid__is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(SelectorError) as refused:
        parse_selector(text)
    assert said in str(refused.value)


def test_inherited__required_labels__come_from_the_owner() -> None:
    selector = parse_selector("team=a,!old")
    assert selector.inherited({"x": "y"}, LABELS) == {"x": "y", "team": "a"}
    assert selector.inherited({"team": "a"}, LABELS) == {"team": "a"}
    # Labels of the template are kept.
    assert not selector.matches(selector.inherited({"team": "b"}, LABELS))


@pytest.mark.parametrize(
    ("argv", "variable", "namespaces"),
    [
        ([], "", ()),
        ([], "a, b", ("a", "b")),
        (["--namespace", "c"], "a", ("c",)),
        (["--namespace", "a,b", "--namespace", "c,a"], "", ("a", "b", "c")),
    ],
)
def test_namespaces__one_option_or_several__are_the_same(
    argv: list[str], variable: str, namespaces: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NJST_NAMESPACE", variable)
    assert parse_config(argv).scope.namespaces == namespaces


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--selector", "team in a"], '--selector: "team in a" is none of'),
        (["--namespace", "a,B"], '--namespace: "B" is no name of a namespace'),
    ],
)
def test_config__invalid_setting__ends_the_start(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse_config(argv)
    assert said in capsys.readouterr().err


def test_scope__as_text__names_namespaces_and_selector() -> None:
    assert str(WatchScope()) == "all namespaces"
    assert str(WatchScope(("a",))) == "namespace a"
    assert str(WatchScope(("a", "b"), parse_selector("team=a"))) == "namespaces a, b (team=a)"
