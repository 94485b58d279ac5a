"""Joins the ES modules of the page to one script, or to some of which a browser loads one first.

One script is one request, and the only form that a Content-Security-Policy can allow by its hash in
a file that is opened from disk: a module cannot import another one there. The sources stay modules,
which a browser runs as they are.

The modules keep to three forms, each at the start of a line: `import { a, b } from "./file.js";`,
`export function` (also `async`), and `export const` or `export class`. Anything else is an error.

Comments that have lines of their own, and indentation, stay in the sources: they are a sixth of
what a browser would have to load. A text in backticks over several lines would lose its
indentation, and is an error.
"""

import posixpath
import re
from collections.abc import Callable, Sequence

_IMPORT = re.compile(r'^import \{\s*(\w+(?:,\s*\w+)*),?\s*\} from "(\.[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async function|function\*?|const|class) (\w+))", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?:/\*\*.*?\*/|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)
_LEFT_OVER = re.compile(r"^\s*(?:import|export)\b.*", re.MULTILINE)


class BundleError(ValueError):
    """A module is written in a form that the bundle does not know."""


def bundle(entry: str, read: Callable[[str], str]) -> str:
    """Return one script that does what module `entry` does, and leaves no name behind.

    Each module becomes a function of its own that runs once, after the modules that it imports.

    Args:
        entry: Path of the first module, relative to the root of all.
        read: Returns the text of a module by its path.
    Raises:
        BundleError: a module has another form of import or export, or modules import each other in
            a circle.
    """
    return '"use strict";\n(() => {\n' + "".join(_parts(entry, read, {})) + "})();\n"


def bundle_in_turn(entries: Sequence[str], read: Callable[[str], str]) -> list[str]:
    """Return a script for each entry, of the modules that no script before it has.

    A browser loads the later ones when it needs them: constants of a script are known to the
    scripts that are loaded after it.

    Raises:
        BundleError: as `bundle` does.
    """
    names: dict[str, str] = {}
    return ['"use strict";\n' + "".join(_parts(entry, read, names)) for entry in entries]


def _parts(entry: str, read: Callable[[str], str], names: dict[str, str]) -> list[str]:
    """Return the modules that `names` does not have, each as a statement; `names` grows."""
    parts: list[str] = []

    def add(path: str, importers: tuple[str, ...]) -> str:
        if path in importers:
            raise BundleError(f"modules import each other: {' > '.join([*importers, path])}")
        if path not in names:
            text = _module(path, read(path), lambda other: add(other, (*importers, path)))
            names[path] = f"module{len(names)}"
            parts.append(f"const {names[path]} = {text};\n")
        return names[path]

    add(entry, ())
    return parts


def _module(path: str, text: str, name_of: Callable[[str], str]) -> str:
    """Return a module as the call of a function that returns what it exports."""
    folder = posixpath.dirname(path)

    def import_line(match: re.Match[str]) -> str:
        names = ", ".join(match[1].replace(",", " ").split())
        other = posixpath.normpath(posixpath.join(folder, match[2]))
        return f"const {{ {names} }} = {name_of(other)};\n"

    text = _bare(path, text)
    exported = [match[2] for match in _EXPORT.finditer(text)]
    body = _EXPORT.sub(r"\1", _IMPORT.sub(import_line, text))
    if (other_form := _LEFT_OVER.search(body)) is not None:
        raise BundleError(f"{path}: the bundle does not know {other_form[0].strip()!r}")
    return f"(() => {{ // {path}\n{body}return {{ {', '.join(exported)} }};\n}})()"


def _bare(path: str, text: str) -> str:
    """Return a module without comments that have lines of their own, and without indentation."""
    bare = _INDENTATION.sub("", _COMMENT.sub("", text))
    for line in bare.splitlines():
        if line.count("`") % 2:
            raise BundleError(f"{path}: the bundle knows no text over several lines: {line!r}")
    return bare
