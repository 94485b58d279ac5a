"""Each route has its need; one that is not listed is closed."""

import pytest

from njst.api.access.request_rules import Need, rule_of
from tests.unit.api.fakes import Mesh

# What each operation of the API needs: a new route is added here, and to the rules if it must be.
NEEDS = {
    "GET /healthz": "",
    "GET /readyz": "",
    "GET /version": "",
    "GET /metrics": "",
    "GET /health-check": "",
    "GET /api/v1/cluster": "list",
    "GET /api/v1/jobs": "list",
    "GET /api/v1/jobs/{job}": "get",
    "GET /api/v1/jobs/{job}/report": "get",
    "GET /api/v1/jobs/{job}/report.csv": "get",
    "GET /api/v1/jobs/{job}/report.hgrm": "get",
    "GET /api/v1/jobs/{job}/report.html": "get",
    "GET /api/v1/jobs/{job}/report.junit.xml": "get",
    "GET /api/v1/jobs/{job}/report.md": "get",
    "GET /api/v1/jobs/{job}/report.bencher.json": "get",
    "GET /api/v1/jobs/{job}/report.benchmark-action-bigger.json": "get",
    "GET /api/v1/jobs/{job}/report.benchmark-action-smaller.json": "get",
    "GET /api/v1/jobs/{job}/report.otava.csv": "get",
    "GET /api/v1/jobs/{job}/series": "get",
    "GET /api/v1/jobs/{job}/events": "get",
    "POST /api/v1/jobs": "create",
    "POST /api/v1/jobs/{job}/cancel": "patch",
    "DELETE /api/v1/jobs/{job}": "delete",
    "GET /api/v1/experiments": "list",
    "GET /api/v1/experiments/{experiment}": "get",
    "POST /api/v1/experiments": "create",
    "POST /api/v1/experiments/{experiment}/cancel": "patch",
    "POST /api/v1/experiments/{experiment}/suspend": "patch",
    "POST /api/v1/experiments/{experiment}/resume": "patch",
    "DELETE /api/v1/experiments/{experiment}": "delete",
    "GET /api/v1/experiments/{experiment}/report.csv": "get",
    "GET /api/v1/experiments/{experiment}/report.html": "get",
    "GET /api/v1/experiments/{experiment}/report.md": "get",
    "GET /api/v1/baselines": "list",
    "GET /api/v1/baselines/{baseline}": "get",
    "PUT /api/v1/baselines/{baseline}": "create",
    "DELETE /api/v1/baselines/{baseline}": "delete",
    "POST /api/v1/comparisons": "get",
    "GET /api/v1/history": "get",
    "GET /api/v1/history.otava.csv": "get",
    "GET /cluster": "list",
    "GET /bench": "list",
    "GET /bench/{job}": "get",
    "POST /bench": "create",
    "DELETE /bench/{job}": "delete",
    "POST /bench/purge": "deletecollection",
}
READING = {"list", "get"}


def test_operation__of_the_api__has_the_need_that_is_listed(mesh: Mesh) -> None:
    found = {
        f"{method.upper()} {path}": rule_of(method.upper(), path.replace("{job}", "j-1"))
        for path, methods in mesh.app().openapi()["paths"].items()
        for method in methods
    }
    assert {name: rule.verb for name, rule in found.items()} == NEEDS
    for rule in found.values():
        wanted = Need.READ if rule.verb in READING else Need.WRITE if rule.verb else Need.OPEN
        assert rule.need is wanted


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/assets/page-1.js"])
def test_file_of_the_page__is_open_to_readers_alone(path: str) -> None:
    assert rule_of("GET", path).need is Need.OPEN
    assert rule_of("POST", path).need is Need.WRITE


@pytest.mark.parametrize(
    ("method", "path", "need"),
    [
        ("GET", "/api/v1/secrets", Need.READ),
        ("GET", "/healthz/", Need.READ),
        ("GET", "/metrics\n", Need.READ),
        ("GET", "//healthz", Need.READ),
        ("GET", "/assets/../api/v1/jobs", Need.READ),
        ("HEAD", "/api/v1/jobs", Need.READ),
        ("OPTIONS", "/bench/purge", Need.READ),
        ("PUT", "/healthz", Need.WRITE),
        ("PATCH", "/api/v1/jobs/j", Need.WRITE),
        ("POST", "/api/v1/comparisons/x", Need.WRITE),
        ("POST", "/new", Need.WRITE),
        ("get", "/healthz", Need.WRITE),
    ],
)
def test_request__that_no_rule_opens__is_closed(method: str, path: str, need: Need) -> None:
    assert rule_of(method, path).need is need
