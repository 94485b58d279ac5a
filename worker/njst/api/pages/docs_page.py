"""/docs: the API as one static page, rendered from its OpenAPI document.

Swagger UI would be 1.5 MB of third-party script for a dozen routes. This page has no script, so it
works without a CDN, under the strictest content security policy, and in curl.
"""

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response

_CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #27d }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); text-transform: capitalize }
code, pre { font: 14px/1.4 ui-monospace, monospace }
pre { background: var(--soft); padding: .75rem; overflow-x: auto; border-radius: .4rem }
article { border: 1px solid var(--line); border-radius: .4rem; padding: .2rem 1rem; margin: 1rem 0 }
article h3 { font: 600 16px/1.4 ui-monospace, monospace; overflow-wrap: anywhere }
.method { color: var(--accent); display: inline-block; min-width: 4.5rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .2rem .6rem }
td, th { border-top: 1px solid var(--line) } a { color: var(--accent) }
"""

# In a page before it is served; no address and no text of the document contains it.
_ADDRESS = "\0address\0"

_PROBLEMS = {
    "unreadable": "The body is not one document in JSON or YAML, or did not arrive in time.",
    "invalid": "A field is invalid; `errors` lists each invalid field and what is allowed.",
    "too-large": "The body exceeds the largest size of a job, or what the control NATS takes.",
    "media-type": "The media type is not supported; send application/json or application/yaml.",
    "idempotency-key": "The key is malformed, or belongs to another document or a deleted job.",
    "unknown-job": "No job has this ID, or the job was deleted.",
    "unknown-experiment": "No experiment has this ID, or the experiment was deleted.",
    "unknown-baseline": "There is no baseline of this name.",
    "baselines-full": "There is no room for another baseline; remove one.",
    "not-finished": "The job or experiment has not ended, so it has no report yet.",
    "owned": "The job belongs to a Kubernetes resource; delete the resource instead.",
    "not-enough-workers": "Fewer workers are connected than the job requires.",
    "queue-timeout": "There were too few workers until the queue timeout of the job.",
    "journal-unavailable": "The control NATS is unavailable; try again.",
    "not-ready": "The worker is starting, or has lost the control NATS.",
    "cross-site": "A browser sent the request for a page of another site.",
    "unauthenticated": "The worker needs a token; that of the request is missing or not valid.",
    "forbidden": "The owner of the token may not do this.",
    "read-only": "This worker refuses all requests that change something.",
    "access-unavailable": "The worker cannot check tokens at the moment; try again.",
    "unknown-host": "The host name of the request is not known to be that of this worker.",
    "http": "The path or method does not exist.",
    "internal": "A bug in njst; please report it.",
}


def create_router(app: FastAPI) -> APIRouter:
    """Return the router of the page."""
    router = APIRouter()
    rendered: list[str] = []

    @router.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        if not rendered:
            rendered.append(render(app.openapi()))
        own = escape(str(request.base_url).rstrip("/"))
        page = rendered[0].replace(_ADDRESS, own)
        return HTMLResponse(page, headers={"content-security-policy": _CSP})

    return router


def render(openapi: dict[str, Any]) -> str:
    """Return the page of an OpenAPI document; in its commands `_ADDRESS` stands for the worker."""
    info = openapi["info"]
    title = f"{info['title']} {info['version']}"
    return "".join(
        [
            "<!doctype html><html lang=en><meta charset=utf-8>",
            "<meta name=viewport content='width=device-width'>",
            f"<title>{escape(title)}: HTTP API</title><style>{_STYLE}</style>",
            f"<h1>{escape(title)}</h1><p>{escape(info.get('summary', ''))}. ",
            "Every worker serves every job. Also as <a href=/openapi.json>OpenAPI</a>.</p>",
            *_operations(openapi),
            *_problems(),
            "</html>",
        ]
    )


def _operations(openapi: dict[str, Any]) -> Iterator[str]:
    group = ""
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            tag = operation.get("tags", ["other"])[0]
            if tag != group:
                group = tag
                yield f"<h2>{escape(tag)}</h2>"
            yield from _operation(method.upper(), path, operation, openapi["components"]["schemas"])


def _operation(
    method: str, path: str, operation: dict[str, Any], schemas: dict[str, Any]
) -> Iterator[str]:
    yield f"<article><h3><span class=method>{method}</span> {escape(path)}</h3>"
    yield f"<p>{_text(operation.get('description', ''))}</p>"
    parameters = operation.get("parameters", [])
    if parameters:
        yield "<table><tr><th>Parameter<th>In<th>Type"
        for parameter in parameters:
            schema = escape(_type_of(parameter["schema"], schemas))
            name, where = escape(parameter["name"]), escape(parameter["in"])
            yield f"<tr><td><code>{name}</code><td>{where}<td>{schema}"
        yield "</table>"
    yield f"<pre>{escape(_curl(method, path))}</pre></article>"


def _text(markdown: str) -> str:
    """Return text in which `backticks` are code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(markdown))


def _type_of(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    kinds = schema.get("anyOf", [schema])
    words = [_one_type(kind, schemas) for kind in kinds if kind.get("type") != "null"]
    default = schema.get("default")
    return " or ".join(words) + (f", default {json.dumps(default)}" if default is not None else "")


def _one_type(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _one_type(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas)
    if "enum" in schema:
        return ", ".join(schema["enum"])
    low, high = schema.get("minimum"), schema.get("maximum")
    bounds = f" {low}..{high}" if low is not None and high is not None else ""
    return f"{schema.get('type', 'any')}{bounds}"


def _curl(method: str, path: str) -> str:
    words = ["curl"]
    if method != "GET":
        words += ["-X", method]
    if method == "POST" and path == "/api/v1/jobs":
        words += ["--data-binary", "@job.yaml"]
    elif method == "POST" and path == "/bench":
        words += ["-d", "@settings.json"]
    elif path == "/bench/purge":
        words += ["-d", "'{\"all\":true}'"]
    return " ".join([*words, f"{_ADDRESS}{path}"])


def _problems() -> Iterator[str]:
    yield "<h2>Problems</h2><p>Errors are problem documents (RFC 9457) with one of these values of"
    yield ' <code>type</code>. Routes of the original njst return <code>{"error": ...}</code>.</p>'
    yield "<table><tr><th>Problem<th>Meaning"
    for kind, meaning in _PROBLEMS.items():
        yield f"<tr id=problem-{kind}><td><code>{kind}</code><td>{_text(meaning)}"
    yield "</table>"
