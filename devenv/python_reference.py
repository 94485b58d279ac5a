"""Pages of the Python API reference: which public modules there are, and the order of the pages.

Modules are found below the names in `PACKAGES`, so a module that moves is found where it is.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

# What other programs may import: the documents of njst, and the operations on jobs.
PACKAGES = ("njst.contract", "njst.journal.jobs")


def reference_pages(source: Path) -> dict[str, str]:
    """Return the text of each page by its name: one for each part of a package.

    Args:
        source: the folder that has the packages.

    Raises:
        FileNotFoundError: a package or module is not there.
    """
    pages: dict[str, str] = {}
    for name in PACKAGES:
        for part in _parts(source / name.replace(".", "/")):
            modules = [_dotted(path, source) for path in _public_modules(part)]
            if modules:
                title = _dotted(part, source)
                pages[f"{title}.md"] = _page(title, modules)
    return pages


def _parts(place: Path) -> list[Path]:
    """Return the modules and folders right below a package; of a module, the module itself."""
    if not place.is_dir():
        return [place.with_suffix(".py")]
    return sorted(p for p in place.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists())


def _public_modules(part: Path) -> Iterator[Path]:
    for path in sorted(part.rglob("*.py")) if part.is_dir() else [part]:
        if not path.stem.startswith("_") and _defines_something(path):
            yield path


def _defines_something(path: Path) -> bool:
    return any(
        isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        for node in ast.parse(path.read_text()).body
    )


def _dotted(path: Path, source: Path) -> str:
    return ".".join(path.relative_to(source).with_suffix("").parts)


def _page(title: str, modules: list[str]) -> str:
    return "\n".join([f"# {title}\n", *(f"::: {module}\n" for module in modules)])
