"""What is asked of the API server, what its answers mean, and how long they count."""

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from njst.api.access.authorizer import (
    UNKNOWN,
    AccessConfigError,
    AuthorizerUnavailableError,
    Decision,
)
from njst.api.access.kubernetes_review import (
    CACHE_S,
    KubernetesReview,
    in_cluster_server,
)
from njst.api.access.request_rules import rule_of

READ = rule_of("GET", "/api/v1/jobs")
WRITE = rule_of("POST", "/api/v1/jobs")
USER = {"username": "alice", "uid": "u1", "groups": ["load"], "extra": {"scopes": ["a"]}}
VALID = {"authenticated": True, "audiences": ["njst"], "user": USER}


@dataclass
class ApiServer:
    """An API server that gives these answers, and keeps what it was asked."""

    review: dict[str, Any] = field(default_factory=lambda: dict(VALID))
    verbs: tuple[str, ...] = ("list",)
    failure: httpx.Response | None = None
    now_s: float = 100.0
    asked: list[httpx.Request] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.failure is not None:
            return self.failure
        spec = json.loads(request.content)["spec"]
        if "token" in spec:
            return httpx.Response(201, json={"status": self.review})
        allowed = spec["resourceAttributes"]["verb"] in self.verbs
        return httpx.Response(201, json={"status": {"allowed": allowed}})

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.asked]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.crt")
    (tmp_path / "token").write_text("worker-1\n")
    (tmp_path / "namespace").write_text("load")
    return tmp_path


@pytest.fixture
def server() -> ApiServer:
    return ApiServer()


@pytest.fixture
def review(server: ApiServer, folder: Path) -> KubernetesReview:
    made = KubernetesReview("https://api", folder, ["njst"], lambda: server.now_s)
    transport = httpx.MockTransport(server.answer)
    made._http = httpx.AsyncClient(transport=transport, base_url="https://api")
    return made


async def test_token__of_a_user_with_the_right__is_allowed(
    server: ApiServer, review: KubernetesReview, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert await review.decide("t", READ) == Decision("alice", is_allowed=True)
    assert caplog.records == []
    token, access = server.bodies()
    assert token == {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": "t", "audiences": ["njst"]},
    }
    attributes = {"group": "njst.io", "resource": "njstjobs", "namespace": "load", "verb": "list"}
    assert access["spec"] == {
        "user": "alice",
        "uid": "u1",
        "groups": ["load"],
        "extra": {"scopes": ["a"]},
        "resourceAttributes": attributes,
    }
    assert {request.headers["authorization"] for request in server.asked} == {"Bearer worker-1"}


async def test_right__that_the_user_has_not__is_not_allowed(review: KubernetesReview) -> None:
    assert await review.decide("t", WRITE) == Decision("alice", is_allowed=False)


@pytest.mark.parametrize(
    "status",
    [
        {"authenticated": False, "error": "expired"},
        {},
        {**VALID, "audiences": ["https://kubernetes.default.svc"]},
        {"authenticated": True, "user": USER},
    ],
    ids=["expired", "empty", "other audience", "no audience"],
)
async def test_token__that_is_not_valid_here__is_nobodys(
    server: ApiServer, review: KubernetesReview, status: dict[str, Any]
) -> None:
    server.review = status
    assert await review.decide("t", READ) == UNKNOWN
    assert len(server.asked) == 1


async def test_answer__counts_for_a_short_time_and_for_its_verb_and_token_alone(
    server: ApiServer, review: KubernetesReview
) -> None:
    for _ in range(2):
        await review.decide("t", READ)
        await review.decide("t", WRITE)
        await review.decide("u", READ)
    assert len(server.asked) == 6
    server.now_s += CACHE_S
    server.review = {"authenticated": False}
    assert await review.decide("t", READ) == UNKNOWN


async def test_answers__of_many_tokens__do_not_pile_up(
    review: KubernetesReview, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("njst.api.access.kubernetes_review._CACHE_ENTRIES", 3)
    for number in range(5):
        await review.decide(f"t{number}", READ)
    assert len(review._answers) == 3


async def test_token_of_the_worker__that_was_renewed__is_the_one_sent(
    server: ApiServer, review: KubernetesReview, folder: Path
) -> None:
    await review.decide("t", READ)
    (folder / "token").write_text("worker-2\n")
    await review.decide("u", READ)
    assert server.asked[-1].headers["authorization"] == "Bearer worker-2"


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (httpx.Response(403, json={"message": "may not create"}), "TokenReview: may not create"),
        (httpx.Response(500, text="oops"), "TokenReview: status 500"),
        (httpx.Response(201, text="oops"), "does not answer a TokenReview"),
        (httpx.Response(201, json={}), "does not answer a TokenReview"),
    ],
)
async def test_api_server__that_decides_nothing__is_no_permission(
    server: ApiServer, review: KubernetesReview, failure: httpx.Response, said: str
) -> None:
    server.failure = failure
    with pytest.raises(AuthorizerUnavailableError, match=said):
        await review.decide("t", READ)
    server.failure = None
    assert (await review.decide("t", READ)).is_allowed


async def test_api_server__that_is_away__is_no_permission(folder: Path) -> None:
    review = KubernetesReview("https://127.0.0.1:9", folder, ["njst"])
    with pytest.raises(AuthorizerUnavailableError, match="ConnectError"):
        await review.decide("t", READ)


@pytest.mark.parametrize("missing", ["token", "namespace", "ca.crt"])
def test_service_account__without_a_file__is_refused_by_its_name(
    folder: Path, missing: str
) -> None:
    (folder / missing).unlink()
    with pytest.raises(AccessConfigError, match=f"{missing}: No such file"):
        KubernetesReview("https://api", folder, ["njst"])


def test_service_account__whose_ca_is_none__is_refused(folder: Path) -> None:
    (folder / "ca.crt").write_text("no certificate")
    with pytest.raises(AccessConfigError, match="no certificate in PEM format"):
        KubernetesReview("https://api", folder, ["njst"])


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "https://10.0.0.1:443"),
        (
            {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"},
            "https://[fd00::1]:6443",
        ),
    ],
)
def test_server__of_the_cluster__is_that_of_the_environment(
    environment: dict[str, str], url: str
) -> None:
    assert in_cluster_server(environment) == url
    with pytest.raises(AccessConfigError, match="works only in a pod"):
        in_cluster_server({})
