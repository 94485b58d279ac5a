"""What tests do with the experiments of a mesh."""

import time
from collections.abc import Callable

from tests.nats.mesh.mesh import Json, Mesh

_POLL_S = 0.05


def post(mesh: Mesh, spec: Json, worker: int = 0) -> str:
    """Submit an experiment and return its ID."""
    url = f"{mesh.workers[worker].url}/api/v1/experiments"
    response = mesh.http.post(url, json=spec)
    assert response.status_code == 201, response.text
    experiment: str = response.json()["id"]
    return experiment


def wait(
    mesh: Mesh,
    experiment: str,
    reached: Callable[[Json], bool],
    worker: int = 0,
    timeout_s: float = 120,
) -> Json:
    """Return the experiment's document as soon as `reached` holds of it."""
    give_up = time.monotonic() + timeout_s
    url = f"{mesh.workers[worker].url}/api/v1/experiments/{experiment}"
    while True:
        document: Json = mesh.http.get(url).json()
        if reached(document):
            return document
        assert time.monotonic() < give_up, f"not reached: {document}"
        time.sleep(_POLL_S)


def has_ended(document: Json) -> bool:
    """Whether the experiment has its verdict."""
    return "verdict" in document
