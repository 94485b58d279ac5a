"""`python -m devenv.settings_docs FILE`: the settings of worker and operator as tables."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import typer

from njst.cli.worker_command import worker
from njst.login.control_options import OPTIONS
from njst_operator.config import VARIABLES, build_parser

_HEAD = """\
# Settings

Options and environment variables of both programs; an option takes precedence over its variable. In
Kubernetes the ConfigMap `njst` holds them, and `/etc/njst/login` the files of a login: see
[Connections](connections.md). `make manifests` generates this page; do not edit it.
"""


class Setting(NamedTuple):
    """One setting, as text."""

    options: str
    variables: str
    default: str
    help: str


def page() -> str:
    """Return the whole page."""
    control = [_shown(o.flags, o.variables, "", o.help) for o in OPTIONS]
    return "\n".join(
        [
            _HEAD,
            _section("The control NATS, for both", control),
            _section("njst worker", _of_worker()),
            _section("njst-operator", _of_operator()),
        ]
    )


def _of_worker() -> Iterator[Setting]:
    app = typer.Typer()
    app.command()(worker)
    control = {option.key for option in OPTIONS}
    for option in typer.main.get_command(app).params:
        if option.name in control or option.envvar is None:
            continue
        variables = [option.envvar] if isinstance(option.envvar, str) else option.envvar
        yield _shown(option.opts, variables, option.default, getattr(option, "help", "") or "")


def _of_operator() -> Iterator[Setting]:
    for action in build_parser({})._actions:  # noqa: SLF001 - argparse has no other way
        if action.dest in VARIABLES:
            yield _shown(
                action.option_strings,
                [VARIABLES[action.dest]],
                action.default,
                action.help or "",
            )


def _shown(
    options: Iterable[str], variables: Iterable[str], default: object, words: str
) -> Setting:
    shown = "" if default in (None, "") else f"`{default}`"
    return Setting(
        ", ".join(f"`{option}`" for option in options),
        ", ".join(f"`{variable}`" for variable in variables),
        shown,
        words.rstrip("."),
    )


def _section(title: str, settings: Iterable[Setting]) -> str:
    rows = "".join(f"| {s.options} | {s.variables} | {s.default} | {s.help} |\n" for s in settings)
    return f"## {title}\n\n| option | variable | default | |\n|---|---|---|---|\n{rows}"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
