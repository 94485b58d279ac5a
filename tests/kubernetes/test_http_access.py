"""The HTTP API asks a real API server whose a token is, and what that user may do."""

import json
import shutil
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse

from devenv.environment import ACCOUNT, MANIFESTS, SERVICE_ACCOUNT
from devenv.kubernetes.api_server import KubernetesServer
from njst.api.access.guarded import Access, guarded
from njst.api.access.kubernetes_review import KubernetesReview
from njst.local.wait_until import wait_until
from tests.kubernetes.resources import PATIENCE_S

DELEGATOR = MANIFESTS / "components" / "http-kubernetes" / "delegator.yaml"
USERS = MANIFESTS / "base" / "users.yaml"
JOBS = {"group": "njst.io", "resource": "njstjobs"}
REVIEWS = {"group": "authentication.k8s.io", "resource": "tokenreviews"}
READ = ("GET", "/api/v1/jobs")
CREATE = ("POST", "/api/v1/jobs")
CANCEL = ("POST", "/api/v1/jobs/j/cancel")
DELETE = ("DELETE", "/api/v1/jobs/j")
PURGE = ("POST", "/bench/purge")


def token(kube: KubernetesServer, namespace: str, account: str, *audience: str) -> str:
    made = kube.kubectl("create", "token", account, "-n", namespace, *audience)
    return made.strip()


def wait_may(kube: KubernetesServer, namespace: str, account: str, **attributes: str) -> None:
    """Return when the API server has seen a binding: it follows them, as everybody does."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": f"system:serviceaccount:{namespace}:{account}",
            "resourceAttributes": {"namespace": namespace, **attributes},
        },
    }

    def lacks() -> str | None:
        said = kube.kubectl("create", "-f", "-", "-o", "json", stdin=json.dumps(review))
        status = json.loads(said)["status"]
        return None if status["allowed"] else str(status)

    assert wait_until(lacks, PATIENCE_S) is None


def bound(kube: KubernetesServer, namespace: str, account: str, *roles: str) -> str:
    """Return the token of a new account that has these roles in the namespace."""
    kube.kubectl("create", "serviceaccount", account, "-n", namespace)
    for role in roles:
        kube.kubectl(
            *("create", "rolebinding", f"{account}-{role}", "-n", namespace),
            *(f"--clusterrole={role}", f"--serviceaccount={namespace}:{account}"),
        )
    return token(kube, namespace, account, "--audience=njst")


@pytest.fixture
def account(kube: KubernetesServer, namespace: str, tmp_path: Path) -> Path:
    """The folder that a pod of the workers has: a token without any right but its name."""
    kube.kubectl("apply", "-n", namespace, "-f", str(ACCOUNT))
    (tmp_path / "token").write_text(token(kube, namespace, SERVICE_ACCOUNT))
    (tmp_path / "namespace").write_text(namespace)
    shutil.copy(kube.folder / "certificates" / "apiserver.crt", tmp_path / "ca.crt")
    return tmp_path


async def answers(
    kube: KubernetesServer, account: Path, token: str, *requests: tuple[str, str]
) -> list[int]:
    """Return the status of each request with a token; nothing is remembered from before."""
    review = KubernetesReview(kube.url, account, ["njst"])
    app = guarded(PlainTextResponse("reached"), Access(authorizer=review))
    headers = {"authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app)
    async with review._http, httpx.AsyncClient(transport=transport, base_url="http://w") as http:
        return [
            (await http.request(method, path, headers=headers)).status_code
            for method, path in requests
        ]


async def test_token__of_each_user__opens_what_its_rights_on_njstjobs_open(
    kube: KubernetesServer, namespace: str, account: Path
) -> None:
    every = (READ, CREATE, CANCEL, DELETE, PURGE)
    kube.kubectl("apply", "-f", str(USERS))
    editor = bound(kube, namespace, "editor", "njst-view", "njst-edit")
    wait_may(kube, namespace, "editor", verb="create", **JOBS)
    # Without the rights of the component the worker can decide nothing, and lets nobody in.
    assert await answers(kube, account, editor, READ) == [503]
    binding = DELEGATOR.read_text().replace("namespace: default", f"namespace: {namespace}")
    kube.kubectl("apply", "-f", "-", stdin=binding)
    wait_may(kube, namespace, SERVICE_ACCOUNT, verb="create", **REVIEWS)

    assert await answers(kube, account, editor, *every) == [200] * 5
    viewer = bound(kube, namespace, "viewer", "njst-view")
    wait_may(kube, namespace, "viewer", verb="list", **JOBS)
    assert await answers(kube, account, viewer, *every) == [200, 403, 403, 403, 403]
    nobody = bound(kube, namespace, "nobody")
    assert await answers(kube, account, nobody, *every) == [403] * 5
    for_the_api_server = token(kube, namespace, "editor")
    assert await answers(kube, account, for_the_api_server, READ) == [401]
    assert await answers(kube, account, f"{editor}x", READ) == [401]
