"""The figures of a study as Markdown, from what its experiments came to. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from njst.contract.results.comparison import LevelComparison
from njst.report import markdown_text as md
from njst.report.experiments.comparison_text import render_markdown

BEGIN, END = "<!-- figures: begin -->\n", "<!-- figures: end -->\n"


@dataclass(frozen=True)
class Machine:
    """Where a study ran: one machine, with all servers and workers; `versions` by program."""

    cores: int
    servers: int
    workers: int
    versions: Mapping[str, str]

    @property
    def sentence(self) -> str:
        """The machine in a sentence."""
        programs = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return (
            f"In the last run, {self.servers} nats-servers and {self.workers} workers shared"
            f" {self.cores} cores: {programs}."
        )


@dataclass(frozen=True)
class Answer:
    """A question, and the document of the experiment that answers it, as the API returns it."""

    question: str
    document: Mapping[str, Any]


def figures(answers: Sequence[Answer], machine: Machine) -> str:
    """Return the figures of a study."""
    return "\n".join([f"{machine.sentence}\n", *(_section(answer) for answer in answers)])


def with_figures(page: str, text: str) -> str:
    """Return a page with these figures between its two marks, in the place of older ones."""
    head, rest = page.split(BEGIN)
    _, tail = rest.split(END)
    return f"{head}{BEGIN}\n{text}\n{END}{tail}"


def _section(answer: Answer) -> str:
    document = answer.document
    parts = [f"## {answer.question}\n"]
    for one in document["comparisons"]:
        levels = LevelComparison.model_validate(one)
        parts.append(f"First {md.text(levels.first)}, second {md.text(levels.second)}:\n")
        parts.append(render_markdown(levels.result))
    if not document["comparisons"]:
        parts.append(f"No answer: {md.text(document['message'] or document['reason'])}\n")
    return "\n".join(parts)
