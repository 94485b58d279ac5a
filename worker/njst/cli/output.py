"""How a command prints its result: as a table for people, or as a document for programs."""

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer
import yaml


class Output(StrEnum):
    """The forms of a result."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="table, json or yaml.")]


def show(document: Any, output: Output, words: Callable[[], str]) -> None:
    """Print a document; `words` are what a person reads of it."""
    if output is Output.JSON:
        print(json.dumps(document, indent=2))
    elif output is Output.YAML:
        print(yaml.safe_dump(document, sort_keys=False), end="")
    else:
        print(words())
