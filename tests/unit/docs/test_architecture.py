import re
from pathlib import Path

from njst import __file__ as njst_file

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
MOST_FILES = 12


def test_architecture_page__paths_it_names__exist() -> None:
    paths = re.findall(r"`((?:worker|operator)/[^`]+)`", PAGE)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_architecture_page__rooms_of_njst__are_all_named() -> None:
    rooms = {path.parent.name for path in Path(njst_file).parent.glob("*/__init__.py")}
    table = PAGE.split("| rooms of `worker/njst`")[1].split("\n\n")[0]
    first_column = "".join(re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE))
    assert set(re.findall(r"`([a-z]+)`", first_column)) == rooms


def test_rooms__of_all_packages__have_at_most_twelve_files() -> None:
    full = {}
    for package in ("worker/njst", "operator/njst_operator", "devenv", "bench", "tests/unit"):
        for folder in (ROOT / package, *(ROOT / package).rglob("*/")):
            files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
            if len(files) > MOST_FILES:
                full[str(folder.relative_to(ROOT))] = len(files)
    assert full == {}
