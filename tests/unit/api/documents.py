"""Jobs to post, and what must hold of every refusal."""

import json
from typing import Any

import httpx

SPEC: dict[str, Any] = {
    "streams": [{"name": "S"}],
    "workloads": [{"name": "w", "stream": "S", "messages": 300, "publish": {}}],
}
MANIFEST: dict[str, Any] = {
    "apiVersion": "njst.io/v1alpha1",
    "kind": "NjstJob",
    "metadata": {"name": "orders", "labels": {"a": "b"}},
    "spec": SPEC,
}
YAML = """
apiVersion: njst.io/v1alpha1
kind: NjstJob
metadata: {name: orders}
spec:
  streams: [{name: S}]
  workloads:
  - {name: w, stream: S, messages: 300, publish: {}}
"""


async def post(http: httpx.AsyncClient, **headers: str) -> str:
    """Post SPEC and return the job's id."""
    answer = await http.post("/api/v1/jobs", json=SPEC, headers=headers)
    assert answer.status_code == 201, answer.text
    job: str = answer.json()["id"]
    return job


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """Return the problem document of an answer that must be this one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = json.loads(answer.text)
    assert document["type"] == f"/docs#problem-{kind}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


def fields(document: dict[str, Any]) -> list[str]:
    """Return the fields that a problem document names."""
    return [error["field"] for error in document["errors"] if error["detail"]]
