"""The pages of the documentation, as the tests read them: blocks of code, and code in sentences."""

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from devenv.docs_site import ROOT

# Not the changelog: it may name what a later version has removed.
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    ROOT / "charts" / "njst" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_SHELLS = {"sh", "bash", "console"}


class Block(NamedTuple):
    """A block of code in a page."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        """Return where the block is."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


class Command(NamedTuple):
    """A command that a page names: the program and what it is given."""

    place: str
    program: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        """Return where the command is, and the command."""
        return f"{self.place} {self.program} {' '.join(self.arguments)}"[:80]


def blocks(*languages: str) -> list[Block]:
    """Return all blocks in these languages, or in any."""
    return [
        Block(page, text[: found.start()].count("\n") + 1, found[2], textwrap.dedent(found[3]))
        for page in PAGES
        for text in [page.read_text()]
        for found in _BLOCK.finditer(text)
        if not languages or found[2] in languages
    ]


def code_in_sentences(page: Path) -> Iterator[tuple[int, str]]:
    """Return line and text of each piece of code outside the blocks of a page."""
    text = _BLOCK.sub(lambda found: "\n" * found[0].count("\n"), page.read_text())
    for found in _CODE.finditer(text):
        yield text[: found.start()].count("\n") + 1, " ".join(found[1].split())


def block_commands() -> list[Command]:
    """Return the commands of all blocks of a shell."""
    return [
        command
        for block in blocks(*_SHELLS)
        for line in _lines(block)
        for command in _commands(str(block), line)
    ]


def sentence_commands(programs: set[str]) -> list[Command]:
    """Return the commands of some programs that stand in sentences, with at least one argument."""
    return [
        command
        for page in PAGES
        for line, code in code_in_sentences(page)
        if code.split()[0] in programs and " " in code
        for command in _commands(f"{page.relative_to(ROOT)}:{line}", code)
    ]


def _lines(block: Block) -> Iterator[str]:
    """Return the lines that somebody types; in a console these begin with a prompt."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if block.language != "console":
            yield line
        elif line.startswith("$ "):
            yield line.removeprefix("$ ")


def _commands(place: str, line: str) -> Iterator[Command]:
    words = shlex.shlex(line, posix=True, punctuation_chars="|;")
    words.whitespace_split = True
    command: list[str] = []
    for word in [*words, ";"]:
        if word not in {"|", ";", "&&"}:
            command.append(word)
            continue
        while command and _ASSIGNMENT.match(command[0]):
            command.pop(0)
        if command:
            yield Command(place, Path(command[0]).name, tuple(command[1:]))
        command = []
