"""The file of tokens: its lines, and what happens when it changes."""

from pathlib import Path

import pytest

from njst.api.access.authorizer import (
    UNKNOWN,
    AccessConfigError,
    AuthorizerUnavailableError,
    Decision,
)
from njst.api.access.request_rules import rule_of
from njst.api.access.token_file import TokenFile
from tests.unit.api.access.tokens import EDITOR, LINES, STRANGER, VIEWER, written

READ = rule_of("GET", "/api/v1/jobs")
WRITE = rule_of("POST", "/api/v1/jobs")


async def test_user__by_role__may_read_or_write(tmp_path: Path) -> None:
    users = TokenFile(written(tmp_path))
    assert await users.decide(VIEWER, READ) == Decision("grafana", is_allowed=True)
    assert await users.decide(VIEWER, WRITE) == Decision("grafana", is_allowed=False)
    assert await users.decide(EDITOR, READ) == Decision("ci@build", is_allowed=True)
    assert await users.decide(EDITOR, WRITE) == Decision("ci@build", is_allowed=True)
    assert await users.decide(STRANGER, READ) == UNKNOWN


async def test_secret__that_is_renewed__counts_at_the_next_request(tmp_path: Path) -> None:
    """As the kubelet does it: a link to another folder takes the place of the old one."""
    for name, text in (("1", LINES), ("2", LINES.replace(EDITOR, STRANGER))):
        (tmp_path / name).mkdir()
        written(tmp_path / name, text)
    link = tmp_path / "data"
    link.symlink_to("1")
    users = TokenFile(link / "tokens")
    assert (await users.decide(EDITOR, WRITE)).is_allowed
    (tmp_path / "new").symlink_to("2")
    (tmp_path / "new").replace(link)
    assert await users.decide(EDITOR, WRITE) == UNKNOWN
    assert (await users.decide(STRANGER, WRITE)).is_allowed


@pytest.mark.parametrize("broken", ["ci edit short", None])
async def test_file__that_becomes_invalid__decides_nothing_until_it_is_mended(
    tmp_path: Path, broken: str | None
) -> None:
    path = written(tmp_path)
    users = TokenFile(path)
    if broken is None:
        path.unlink()
    else:
        path.write_text(broken)
    for _ in range(2):
        with pytest.raises(AuthorizerUnavailableError, match=str(path)):
            await users.decide(EDITOR, READ)
    written(tmp_path)
    assert (await users.decide(EDITOR, READ)).is_allowed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no line names a user"),
        ("# only a comment\n", "no line names a user"),
        (f"{LINES}ci {EDITOR}x", "line 5 must be NAME, view or edit, and a token of 16"),
        (f"ci admin {EDITOR}", "line 1 must be NAME, view or edit"),
        (f"ci edit {EDITOR} x", "line 1 must be NAME, view or edit"),
        (f"c\x1bi edit {EDITOR}", "line 1 must be NAME, view or edit"),
        ("ci edit 0123456789abcde", "a token of 16 or more"),
        ("ci edit 0123456789abcde:", "letters, digits or"),
        (f"a view {EDITOR}\nb edit {EDITOR}", "line 2 has the token of another line"),
        ("ci edit \u00e4\u00e4\u00e4\u00e4", "must be ASCII"),
    ],
)
def test_file__that_is_invalid__is_refused_without_a_token(
    tmp_path: Path, text: str, said: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(AccessConfigError) as refused:
        TokenFile(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
    assert EDITOR not in str(refused.value)


def test_file__that_is_missing__is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(AccessConfigError, match="none: No such file or directory"):
        TokenFile(tmp_path / "none")
