"""The output of a command: a table for people, JSON or YAML for programs."""

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer
import yaml


class Output(StrEnum):
    """Output formats."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Output format.")]


def show(document: Any, output: Output, words: Callable[[], str]) -> None:
    """Print a document as JSON or YAML, or as the text that `words` returns."""
    if output is Output.JSON:
        print(json.dumps(document, indent=2))
    elif output is Output.YAML:
        print(yaml.safe_dump(document, sort_keys=False), end="")
    else:
        print(words())
