"""A report in one file: the page with its scripts, styles and data inside; opens from disk."""

import base64
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from html import escape
from typing import Any

from njst.web.page import Page, fill, settings_element, source_hash

# Histograms of windows hardly become smaller by compression.
HISTOGRAM_BYTES = 3_000_000
_LEAST_IMPORTANT_FIRST = ("delivered", "stored", "slip", "service", "latency")


def render(page: Page, data: dict[str, Any]) -> str:
    """Return the file. It loads nothing from anywhere, and its policy allows no other script.

    Args:
        page: The files of the page.
        data: `version` of njst, and of a job `job` (its document) and `report`, or `experiment`
            (its document), each as the API returns it. It is packed as gzip in base64, a sixth of
            its size, and no text of it can end the element that it stands in.
    """
    fitted = {**data, "report": _fitted(data["report"])} if "report" in data else data
    policy = (
        f"default-src 'none'; script-src {source_hash(page.script)};"
        f" style-src {source_hash(page.style)}; img-src data:; base-uri 'none'; form-action 'none'"
    )
    packed = gzip.compress(json.dumps(fitted, separators=(",", ":")).encode(), 9, mtime=0)
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


def _fitted(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report whose windows have histograms of at most HISTOGRAM_BYTES in all."""
    course = report.get("course")
    if course is None:
        return report
    sizes = Counter[str]()
    for window in _windows(course):
        for kind, text in (window.get("histograms") or {}).items():
            sizes[kind] += len(text)
    dropped = set()
    left = sum(sizes.values())
    for kind in _LEAST_IMPORTANT_FIRST:
        if left > HISTOGRAM_BYTES and sizes[kind]:
            dropped.add(kind)
            left -= sizes[kind]
    if not dropped:
        return report
    words = f"histograms of windows ({', '.join(sorted(dropped))}), which the API has"
    omitted = "; ".join(part for part in (report.get("omitted"), words) if part)
    return {**report, "course": _without(course, dropped), "omitted": omitted}


def _windows(course: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for workload in course["workloads"]:
        yield from workload["windows"]


def _without(course: dict[str, Any], dropped: set[str]) -> dict[str, Any]:
    """Return a course without the histograms of some latencies."""

    def smaller(window: dict[str, Any]) -> dict[str, Any]:
        kept = {k: v for k, v in (window.get("histograms") or {}).items() if k not in dropped}
        return {**window, "histograms": kept}

    workloads = [
        {**one, "windows": list(map(smaller, one["windows"]))} for one in course["workloads"]
    ]
    return {**course, "workloads": workloads}
