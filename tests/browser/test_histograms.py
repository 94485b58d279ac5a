"""The page reads HDR histograms as njst writes them."""

import random
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from njst.stats.histogram import HIGHEST_US, Histogram
from njst.web import page as page_files
from njst.web.script_bundle import bundle
from tests.browser.watched import watched_page

STATIC = Path(page_files.__file__).parent / "static"
# A module of the test that hands the functions of hdr.js to the test.
ENTRY = """import { decode, distribution, merge, percentile } from "./data/hdr.js";
globalThis.hdr = { decode, distribution, merge, percentile };
"""
SHARES = [1, 50_000, 90_000, 99_000, 99_900, 99_999, 100_000]


def hdr_script() -> str:
    return bundle(
        "test.js", lambda name: ENTRY if name == "test.js" else (STATIC / name).read_text()
    )


def samples(seed: int) -> list[int]:
    some = random.Random(seed)
    top = 10 ** some.randint(1, 12)
    values = [some.randint(0, some.randint(1, top)) for _ in range(some.randint(1, 400))]
    return [*values, *[HIGHEST_US] * (seed % 2), *[7] * (300 * (seed % 3))]


def test_histograms__of_any_values__are_read_and_added_as_python_does(browser: Browser) -> None:
    histograms = [Histogram.of(samples(seed)) for seed in range(40)]
    with watched_page(browser) as page:
        page.add_script_tag(content=hdr_script())
        read: list[dict[str, Any]] = page.evaluate(
            """async ([texts, shares]) => {
              const all = await Promise.all(texts.map((text) => hdr.decode(text)));
              const sum = hdr.merge(all);
              return [...all, sum].map((one) => ({
                total: one.total,
                percentiles: shares.map((share) => hdr.percentile(one, share)),
                slower: hdr.distribution(one).at(-1).slower,
              }));
            }""",
            [[one.encode() for one in histograms], SHARES],
        )
    assert read == [
        {
            "total": one.count,
            "percentiles": [one.percentile(share) for share in SHARES],
            "slower": 0,
        }
        for one in [*histograms, Histogram.together(histograms)]
    ]


BROKEN = Histogram.of([1]).encode()[:-8] + "AAAAAAA="


@pytest.mark.parametrize("text", ["AAAAAAAAAAA=", BROKEN], ids=["no histogram", "broken"])
def test_text__that_is_no_histogram__is_refused(browser: Browser, text: str) -> None:
    with watched_page(browser) as page:
        page.add_script_tag(content=hdr_script())
        refused: bool = page.evaluate(
            "(text) => hdr.decode(text).then(() => false, () => true)",
            text,
        )
    assert refused
