"""The report in one file carries its data, and nothing in it can become markup or script."""

import base64
import gzip
import hashlib
import json
import re
from html import unescape
from typing import Any

from njst.web import page
from njst.web.html_report import render

HOSTILE = "</script><script>alert(1)</script><!--"


def report_of(name: str) -> str:
    return render(page.load(), {"version": "1", "job": {"id": "j", "name": name}, "report": {}})


def data_in(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="njst-data">(.*?)</script>', html)
    assert found is not None
    return json.loads(gzip.decompress(base64.b64decode(json.loads(found[1]))))


def test_report__data__comes_back() -> None:
    assert data_in(report_of("orders"))["job"] == {"id": "j", "name": "orders"}


def test_report__hostile_name__is_only_in_the_data() -> None:
    html = report_of(HOSTILE)
    assert data_in(html)["job"]["name"] == HOSTILE
    assert HOSTILE not in html
    assert html.count("<script") == report_of("orders").count("<script") == 3


def test_report__policy__allows_its_own_script_and_style_alone() -> None:
    html = report_of("orders")
    meta = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)
    assert meta is not None
    policy = dict(part.split(" ", 1) for part in unescape(meta[1]).split("; "))
    assert policy["default-src"] == "'none'"
    script = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert [policy["script-src"]] == [allowed(text) for text in script]
    assert [policy["style-src"]] == [allowed(text) for text in style]


def test_report__loads_nothing() -> None:
    assert not re.search(r'(?:src|href)="(?!data:|#)', report_of("orders"))


def test_report__histograms_beyond_the_budget__are_left_out_and_named() -> None:
    text = "x" * 1000
    kinds = ("latency", "service", "slip")
    windows = [{"atSeconds": i, "histograms": dict.fromkeys(kinds, text)} for i in range(1100)]
    course = {"workloads": [{"workload": "w", "windows": windows}]}
    html = render(page.load(), {"version": "1", "job": {}, "report": {"course": course}})
    report = data_in(html)["report"]
    assert report["omitted"] == "histograms of windows (slip), which the API has"
    for window in report["course"]["workloads"][0]["windows"]:
        assert window["histograms"].keys() == {"latency", "service"}


def allowed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
