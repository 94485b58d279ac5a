"""The page is small, whole, and asks nobody but its worker."""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import njst
from njst.contract.parsing.document import parse_document
from njst.contract.spec.job import JobSpec
from njst.web import page
from njst.web.spec_defaults import spec_defaults

STATIC = Path(page.__file__).parent / "static"
REPOSITORY = Path(__file__).parents[3]
FIRST_PAINT_BYTES = 80 * 1024


def test_first_paint__html_style_and_script__are_below_80_kb_compressed() -> None:
    whole = page.load()
    first = [asset for name, asset in whole.assets.items() if name.startswith("page")]
    assert sum(len(asset.packed) for asset in [whole.html, *first]) < FIRST_PAINT_BYTES


def test_assets__packed__are_the_content() -> None:
    whole = page.load()
    for asset in [whole.html, *whole.assets.values()]:
        assert gzip.decompress(asset.packed) == asset.content


def test_vendored_files__are_those_of_the_release() -> None:
    folder = STATIC / "vendor"
    sums = dict(reversed(line.split()) for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert sums.keys() == {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_sources__name_no_other_host() -> None:
    allowed = {"http://www.w3.org/2000/svg", "https://github.com/leeoniya/uPlot"}
    for path in own_files():
        found = set(re.findall(r"https?://[\w.-]+[\w./-]*", path.read_text()))
        assert found <= allowed, path


def test_sources__each_module__is_part_of_the_script() -> None:
    assets = page.load().assets
    script = "".join(assets[name].content.decode() for name in assets if name.endswith(".js"))
    modules = {str(path.relative_to(STATIC)) for path in own_files() if path.suffix == ".js"}
    assert modules == set(re.findall(r"\(\(\) => \{ // (\S+)$", script, re.MULTILINE))


def test_sources__styles_in_html_or_script__would_break_the_policy() -> None:
    for path in own_files():
        if path.suffix in {".js", ".html"}:
            assert not re.search(r"style=|innerHTML|[^.]eval\(|new Function", path.read_text()), (
                path
            )


def test_rooms_of_the_page__have_at_most_twelve_files() -> None:
    folders = [STATIC, *(path for path in STATIC.rglob("*") if path.is_dir())]
    files = {path: sum(one.is_file() for one in path.iterdir()) for path in folders}
    assert {path: n for path, n in files.items() if n > 12 and path.name != "examples"} == {}


def test_examples__are_those_of_the_repository() -> None:
    own = {path.name: path.read_text() for path in (STATIC / "examples").iterdir()}
    assert own == {path.name: path.read_text() for path in (REPOSITORY / "examples").glob("*.yaml")}


def test_settings__version_examples_and_defaults() -> None:
    html = page.load().html.content.decode()
    text = re.search(r'<script type="application/json" id="njst-page">(.*?)</script>', html)
    assert text is not None
    settings = json.loads(text[1])
    assert settings["version"] == njst.__version__
    for name in ("examples", "later"):
        assert settings[name].removeprefix("assets/") in page.load().assets
    assert settings["defaults"] == spec_defaults()


def test_defaults__of_a_spec_with_nothing_set__cover_all_that_it_did_not_set() -> None:
    text = "{streams: [{name: S}], workloads: [{name: w, stream: S, messages: 1, publish: {}}]}"
    spec = parse_document(text.encode()).spec
    filled = dict(leaves(spec.model_dump(mode="json", exclude_none=True), ""))
    defaults = spec_defaults()
    assert isinstance(spec, JobSpec)
    assert {path: value for path, value in filled.items() if defaults.get(path) != value} == {
        "streams[].name": "S",
        "workloads[].name": "w",
        "workloads[].stream": "S",
        "workloads[].messages": 1,
    }


def leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value


def own_files() -> list[Path]:
    texts = [path for path in STATIC.rglob("*") if path.suffix in {".js", ".css", ".html"}]
    return [path for path in texts if "vendor" not in path.parts]
