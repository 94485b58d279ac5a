"""A report in one file: the page with its scripts, styles and data inside; opens from disk."""

import base64
import gzip
import json
from html import escape
from typing import Any

from njst.web.page import Page, fill, settings_element, source_hash


def render(page: Page, data: dict[str, Any]) -> str:
    """Return the file. It loads nothing from anywhere, and its policy allows no other script.

    Args:
        page: The files of the page.
        data: `version` of njst, `job` (its document), `report`, and `series` where there is one,
            each as the API returns it. It is packed as gzip in base64, a sixth of its size, and no
            text of it can end the element that it stands in.
    """
    policy = (
        f"default-src 'none'; script-src {source_hash(page.script)};"
        f" style-src {source_hash(page.style)}; img-src data:; base-uri 'none'; form-action 'none'"
    )
    packed = gzip.compress(json.dumps(data, separators=(",", ":")).encode(), 9, mtime=0)
    embedded = f'"{base64.b64encode(packed).decode()}"'
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        f"<style>{page.style}</style>"
    )
    tail = (
        f"{settings_element({'version': data['version']})}\n"
        f'<script type="application/json" id="njst-data">{embedded}</script>\n'
        f"<script>{page.script}</script>"
    )
    return fill(page.template, head=head, data=tail)
