"""The token that commands send, and the file that holds it."""

from pathlib import Path

import httpx
import pytest

from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.http.bearer_token import BearerToken


def sent(auth: BearerToken) -> str:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=request.headers["authorization"])

    with httpx.Client(transport=httpx.MockTransport(answer), auth=auth) as http:
        return http.get("http://worker/").text


def test_token__given_or_in_a_file__is_sent(tmp_path: Path) -> None:
    assert sent(BearerToken("abc")) == "Bearer abc"
    path = tmp_path / "token"
    path.write_text("one\n")
    auth = BearerToken(f"@{path}")
    assert sent(auth) == "Bearer one"
    path.write_text("two\n")
    assert sent(auth) == "Bearer two"


@pytest.mark.parametrize(
    ("value", "said"),
    [("@none", "No such file"), ("a b", "must be one token"), (" ", "must be one token")],
)
def test_token__that_is_none__is_an_error_of_usage(value: str, said: str) -> None:
    with pytest.raises(CliError, match=said) as refused:
        sent(BearerToken(value))
    assert refused.value.code is ExitCode.USAGE
