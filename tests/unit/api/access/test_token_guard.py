"""Which requests each mode refuses, with 401, 403 or 503, and that a refusal changes nothing."""

from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from njst.api.access.authorizer import Authorizer, AuthorizerUnavailableError, Decision
from njst.api.access.guarded import Access, guarded
from njst.api.access.request_rules import Rule
from tests.unit.api.access.tokens import EDITOR, STRANGER, VIEWER, bearer, token_file
from tests.unit.api.documents import SPEC, post, problem
from tests.unit.api.fakes import URL, Mesh

OPEN = ["GET /healthz", "GET /readyz", "GET /metrics", "GET /health-check", "GET /", "GET /docs"]
READS = ["GET /api/v1/jobs", "GET /api/v1/cluster", "GET /bench", "GET /api/v1/jobs/j"]
WRITES = [
    "POST /api/v1/jobs",
    "POST /api/v1/jobs/j/cancel",
    "DELETE /api/v1/jobs/j",
    "POST /api/v1/experiments",
    "POST /bench",
    "POST /bench/purge",
    "DELETE /bench/j",
]
# (mode, read-only, token) and what reads and writes are answered; None: by the route itself.
TABLE = [
    ("none", False, None, None, None),
    ("none", False, STRANGER, None, None),
    ("none", True, None, None, (403, "read-only")),
    ("file", False, None, (401, "unauthenticated"), (401, "unauthenticated")),
    ("file", False, STRANGER, (401, "unauthenticated"), (401, "unauthenticated")),
    ("file", False, VIEWER, None, (403, "forbidden")),
    ("file", False, EDITOR, None, None),
    ("file", True, None, (401, "unauthenticated"), (401, "unauthenticated")),
    ("file", True, VIEWER, None, (403, "forbidden")),
    ("file", True, EDITOR, None, (403, "read-only")),
    ("down", False, EDITOR, (503, "access-unavailable"), (503, "access-unavailable")),
    ("down", False, None, (401, "unauthenticated"), (401, "unauthenticated")),
]


class Down:
    """Can decide nothing."""

    async def decide(self, token: str, rule: Rule) -> Decision:
        raise AuthorizerUnavailableError("the API server does not answer")


def access(mode: str, folder: Path, *, is_read_only: bool = False) -> Access:
    authorizers: dict[str, Authorizer | None] = {
        "none": None,
        "file": token_file(folder),
        "down": Down(),
    }
    return Access(authorizer=authorizers[mode], is_read_only=is_read_only)


class Behind:
    """What the guards protect: it counts the requests that reach it."""

    def __init__(self) -> None:
        self.reached = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.reached += 1
        await PlainTextResponse("reached")(scope, receive, send)


@pytest.mark.parametrize(("mode", "is_read_only", "token", "read", "write"), TABLE)
async def test_request__in_each_mode__is_refused_as_the_table_says(
    tmp_path: Path,
    mode: str,
    is_read_only: bool,
    token: str | None,
    read: tuple[int, str] | None,
    write: tuple[int, str] | None,
) -> None:
    behind = Behind()
    app = guarded(behind, access(mode, tmp_path, is_read_only=is_read_only))
    wanted = [
        *((r, None) for r in OPEN),
        *((r, read) for r in READS),
        *((w, write) for w in WRITES),
    ]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL) as http:
        for request, refusal in wanted:
            behind.reached = 0
            method, path = request.split()
            answer = await http.request(method, path, headers=bearer(token))
            assert behind.reached == (refusal is None), request
            if refusal is not None:
                problem(answer, *refusal)
                challenge = answer.headers.get("www-authenticate", "")
                assert challenge.startswith("Bearer") is (refusal[0] == 401)


async def test_job__of_each_user__is_read_or_created(mesh: Mesh, tmp_path: Path) -> None:
    async with mesh.client(access=access("file", tmp_path)) as http:
        job = await post(http, **bearer(EDITOR))
        before = list(mesh.log.entries)
        seen = await http.get(f"/api/v1/jobs/{job}", headers=bearer(VIEWER))
        assert seen.json()["id"] == job
        refused = await http.post(f"/api/v1/jobs/{job}/cancel", headers=bearer(VIEWER))
        assert "user grafana may not patch jobs" in problem(refused, 403, "forbidden")["detail"]
        problem(await http.post("/api/v1/jobs", json=SPEC), 401, "unauthenticated")
        assert mesh.log.entries == before


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", f"Basic {EDITOR}", EDITOR, f"Bearer {EDITOR}x", f"Bearer {EDITOR},"],
)
async def test_authorization__that_has_no_known_token__is_401(
    mesh: Mesh, tmp_path: Path, value: str
) -> None:
    async with mesh.client(access=access("file", tmp_path)) as http:
        answer = await http.get("/api/v1/jobs", headers={"authorization": value})
        problem(answer, 401, "unauthenticated")
        assert EDITOR not in answer.text


async def test_authorization__scheme_in_other_letters__is_the_same(
    mesh: Mesh, tmp_path: Path
) -> None:
    async with mesh.client(access=access("file", tmp_path)) as http:
        answer = await http.get("/api/v1/jobs", headers={"authorization": f"bearer  {EDITOR}"})
        assert answer.status_code == 200
