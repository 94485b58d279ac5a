"""The files of the page: read once, joined, and compressed for the browser."""

import base64
import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from njst import __version__
from njst.web.script_bundle import bundle_in_turn
from njst.web.spec_defaults import spec_defaults

_STATIC = Path(__file__).parent / "static"
_STYLES = (
    "vendor/uplot.min.css",
    "styles/colors.css",
    "styles/base.css",
    "styles/page.css",
    "styles/charts.css",
    "styles/forms.css",
    "styles/print.css",
)
_ENTRY = "main.js"
# What most readers do not look at: it is loaded when somebody does.
_LATER = "later.js"
_CHARTS = "vendor/uplot.min.js"
# A hash in the name lets a browser keep the file for ever.
_HASH_CHARACTERS = 12

LIVE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Asset:
    """A file that the browser loads; `packed` is the same in gzip."""

    name: str
    media_type: str
    content: bytes
    packed: bytes

    @property
    def etag(self) -> str:
        """Return the validator of the content."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'


@dataclass(frozen=True)
class Page:
    """The page for browsers of a worker, and what its report in one file is made of."""

    script: str
    style: str
    template: str
    html: Asset
    assets: dict[str, Asset]


@cache
def load() -> Page:
    """Return the page; the files are read and compressed on the first call."""
    first, later = bundle_in_turn([_ENTRY, _LATER], _read)
    script = _read(_CHARTS) + "\n" + first
    style = "\n".join(_read(name) for name in _STYLES)
    template = _read("index.html")
    scripts = _asset("page", ".js", "text/javascript; charset=utf-8", script)
    later_scripts = _asset("later", ".js", "text/javascript; charset=utf-8", later)
    styles = _asset("page", ".css", "text/css; charset=utf-8", style)
    texts = {path.stem: path.read_text() for path in sorted((_STATIC / "examples").glob("*.yaml"))}
    examples = _asset("examples", ".json", "application/json", json.dumps(texts))
    head = (
        f'<link rel="stylesheet" href="assets/{styles.name}">\n'
        f'<script defer src="assets/{scripts.name}"></script>'
    )
    settings = {
        "version": __version__,
        "examples": f"assets/{examples.name}",
        "later": f"assets/{later_scripts.name}",
    }
    html = _pack(
        "index.html",
        "text/html; charset=utf-8",
        fill(template, head=head, data=settings_element(settings)),
    )
    assets = {asset.name: asset for asset in (scripts, later_scripts, styles, examples)}
    return Page(script, style, template, html, assets)


def settings_element(settings: dict[str, Any]) -> str:
    """Return the element with what the scripts know of their page, and the defaults of the spec."""
    text = json.dumps({**settings, "defaults": spec_defaults()}, separators=(",", ":"))
    escaped = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="njst-page">{escaped}</script>'


def fill(template: str, *, head: str, data: str) -> str:
    """Return the HTML of the page with what belongs into its head, and its data."""
    return template.replace("<!-- head -->", head, 1).replace("<!-- data -->", data, 1)


def source_hash(text: str) -> str:
    """Return how a Content-Security-Policy names an inline script or style."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _read(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


def _asset(stem: str, suffix: str, media_type: str, text: str) -> Asset:
    digest = hashlib.sha256(text.encode()).hexdigest()[:_HASH_CHARACTERS]
    return _pack(f"{stem}-{digest}{suffix}", media_type, text)


def _pack(name: str, media_type: str, text: str) -> Asset:
    content = text.encode()
    return Asset(name, media_type, content, gzip.compress(content, 9, mtime=0))
