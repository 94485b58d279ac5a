"""HTTP client of a worker's API for the CLI; errors become one message and an exit code."""

import ssl
import urllib.request
from collections.abc import Iterable
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from njst.cli.cli_errors import CliError
from njst.cli.exit_codes import ExitCode
from njst.cli.http.bearer_token import BearerToken

TIMEOUT_S = 15.0
# The type of a worker's answer to a path that its API does not have.
_NO_PATH = "/docs#problem-http"
# Addresses of this machine, which no proxy can reach.
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ApiClient:
    """Client of the API of any worker: every worker knows every job, so the client fails over."""

    def __init__(self, urls: str, *, token: str = "", is_embedded: bool = False) -> None:
        """Take the URL of one worker, or of several, comma separated.

        Args:
            urls: they share the token.
            token: what the worker knows its user by, or @FILE with it; empty: none.
            is_embedded: it is the API of this process, which ends with the command.
        """
        self.is_embedded = is_embedded
        self._urls = [url.strip().rstrip("/") for url in urls.split(",") if url.strip()]
        self._http = httpx.Client(
            timeout=TIMEOUT_S,
            auth=BearerToken(token) if token else None,
            verify=authorities_for(self._urls),
            mounts={f"all://[{h}]" if ":" in h else f"all://{h}": None for h in _LOOPBACK},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @property
    def address(self) -> str:
        """The URL of the worker that answered last."""
        return self._urls[0]

    def submit(
        self, document: bytes, key: str | None, *, dry_run: bool = False, wait: bool = False
    ) -> dict[str, Any]:
        """Create a job; the same idempotency key again returns the same job.

        With `wait` the worker answers once there are enough workers, or when the spec's
        queueTimeoutSeconds have passed.
        """
        headers = {"content-type": "application/yaml"}
        if key:
            headers["idempotency-key"] = key
        asked = (("dryRun", dry_run), ("wait", wait))
        request: dict[str, Any] = {"params": {name: "true" for name, value in asked if value}}
        if wait:
            request["timeout"] = httpx.Timeout(TIMEOUT_S, read=None)
        return self._json("POST", "/api/v1/jobs", content=document, headers=headers, **request)

    def job(self, job: str, *, histograms: bool = False) -> dict[str, Any]:
        """Return the state of a job, with the histograms of its latencies if that is asked for."""
        params = {"histograms": "true"} if histograms else {}
        return self._json("GET", f"/api/v1/jobs/{job}", params=params)

    def jobs(self, limit: int, phase: str = "") -> list[dict[str, Any]]:
        """Return at most `limit` jobs, newest first."""
        params: dict[str, str | int] = {"limit": limit}
        if phase:
            params["phase"] = phase
        items: list[dict[str, Any]] = self._json("GET", "/api/v1/jobs", params=params)["items"]
        return items

    def report(self, job: str) -> dict[str, Any]:
        """Return the final report."""
        return self._json("GET", f"/api/v1/jobs/{job}/report")

    def html_report(self, job: str) -> str:
        """Return the final report as a page in one file."""
        return self._text(f"/api/v1/jobs/{job}/report.html")

    def cancel(self, job: str) -> dict[str, Any]:
        """Stop a job."""
        return self._json("POST", f"/api/v1/jobs/{job}/cancel")

    def submit_experiment(
        self, document: bytes, key: str | None, *, dry_run: bool = False
    ) -> dict[str, Any]:
        """Create an experiment; the same idempotency key again returns the same experiment."""
        headers = {"content-type": "application/yaml"}
        if key:
            headers["idempotency-key"] = key
        params = {"dryRun": "true"} if dry_run else {}
        return self._json(
            "POST", "/api/v1/experiments", content=document, headers=headers, params=params
        )

    def experiment(self, experiment: str) -> dict[str, Any]:
        """Return an experiment with its trials so far."""
        return self._json("GET", f"/api/v1/experiments/{experiment}")

    def experiments(self, limit: int) -> list[dict[str, Any]]:
        """Return at most `limit` experiments, newest first."""
        page = self._json("GET", "/api/v1/experiments", params={"limit": limit})
        items: list[dict[str, Any]] = page["items"]
        return items

    def html_experiment_report(self, experiment: str) -> str:
        """Return an experiment that has ended as a page in one file."""
        return self._text(f"/api/v1/experiments/{experiment}/report.html")

    def cancel_experiment(self, experiment: str) -> dict[str, Any]:
        """Stop an experiment and its running trial."""
        return self._json("POST", f"/api/v1/experiments/{experiment}/cancel")

    def suspend_experiment(self, experiment: str) -> dict[str, Any]:
        """Create no further trial of an experiment."""
        return self._json("POST", f"/api/v1/experiments/{experiment}/suspend")

    def resume_experiment(self, experiment: str) -> dict[str, Any]:
        """Create trials of a suspended experiment again."""
        return self._json("POST", f"/api/v1/experiments/{experiment}/resume")

    def compare(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return how two sets of ended jobs compare."""
        return self._json("POST", "/api/v1/comparisons", json=asked)

    def baselines(self) -> list[dict[str, Any]]:
        """Return the summaries of all baselines, by name."""
        items: list[dict[str, Any]] = self._json("GET", "/api/v1/baselines")["items"]
        return items

    def baseline(self, name: str) -> dict[str, Any]:
        """Return a baseline with its runs."""
        return self._json("GET", f"/api/v1/baselines/{quote(name, safe='')}")

    def save_baseline(self, name: str, document: bytes) -> dict[str, Any]:
        """Save a baseline: the document is a whole one, or names jobs."""
        headers = {"content-type": "application/yaml"}
        path = f"/api/v1/baselines/{quote(name, safe='')}"
        return self._json("PUT", path, content=document, headers=headers)

    def remove_baseline(self, name: str) -> None:
        """Remove a baseline."""
        response = self._answer("DELETE", f"/api/v1/baselines/{quote(name, safe='')}")
        if response.is_error:
            raise _problem(response)

    def history(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return the runs of a name, and when their numbers changed."""
        return self._json("GET", "/api/v1/history", params=asked)

    def history_csv(self, asked: dict[str, Any]) -> str:
        """Return the runs of a name as CSV for Apache Otava."""
        return self._text("/api/v1/history.otava.csv", params=asked)

    def cluster(self) -> list[dict[str, Any]]:
        """Return the members of the mesh."""
        members: list[dict[str, Any]] = self._json("GET", "/api/v1/cluster")["members"]
        return members

    def _text(self, path: str, **request: Any) -> str:
        response = self._answer("GET", path, **request)
        if response.is_error:
            raise _problem(response)
        return response.text

    def _json(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        response = self._answer(method, path, **request)
        if response.is_error:
            raise _problem(response)
        document: dict[str, Any] = response.json()
        return document

    def _answer(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Return the first answer; a request that may have had an effect is not sent again."""
        errors = []
        for url in list(self._urls):
            try:
                return self._http.request(method, url + path, **request)
            except httpx.HTTPError as error:
                errors.append(f"{url}{_through(url)}: {error}")
                self._urls.append(self._urls.pop(0))
                if method != "GET" and not isinstance(error, httpx.ConnectError):
                    break
            except httpx.InvalidURL as error:
                raise CliError(f"--api {url}: {error}", ExitCode.USAGE) from error
        raise CliError(
            f"no worker answers at {'; '.join(errors)}; name another with --api or NJST_API",
            ExitCode.UNREACHABLE,
        )


def authorities_for(urls: Iterable[str]) -> ssl.SSLContext | bool:
    """Return what verifies servers: True, the default authorities; none if no URL is of TLS.

    To read the default ones takes a twentieth of a second, and a context without any accepts no
    server.
    """
    if any(urlsplit(url).scheme.lower() != "http" for url in urls):
        return True
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _through(url: str) -> str:
    """Return by which proxy of the environment a URL is asked, in words; empty without one."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = urllib.request.getproxies().get(parts.scheme, "")
    if not proxy or host in _LOOPBACK or urllib.request.proxy_bypass(host):
        return ""
    return f" (through the proxy {proxy}; NO_PROXY={host} avoids it)"


def _problem(response: httpx.Response) -> CliError:
    try:
        problem = response.json()
        if (response.status_code, problem.get("type")) == (404, _NO_PATH):
            words = "this worker's njst is too old for the command: upgrade the worker"
            return CliError(f"{words} (it has no {response.url.path})")
        lines = [str(problem.get("detail") or problem.get("title") or response.reason_phrase)]
        lines += [f"  {e['field']}: {e['detail']}" for e in problem.get("errors", [])]
    except (ValueError, KeyError, TypeError, AttributeError):
        lines = [f"{response.status_code} {response.reason_phrase}"]
    invalid = response.status_code in (400, 413, 415, 422)
    return CliError("\n".join(lines), ExitCode.INVALID_SPEC if invalid else ExitCode.ERROR)
