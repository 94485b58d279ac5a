"""Commands in the docs can be typed: options, targets, files, values and paths are there."""

import re
import urllib.parse
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from devenv.docs_site import ROOT
from njst.cli.main import main
from tests.unit.api.fakes import Mesh
from tests.unit.docs.pages import Command, block_commands, sentence_commands

_KUBECTL = {
    *("annotate", "apply", "create", "delete", "describe", "explain", "get", "label", "logs"),
    *("patch", "port-forward", "replace", "rollout", "wait"),
}
_HELM = {"install", "rollback", "test", "uninstall", "upgrade"}
_FOLDERS = ("bench/", "charts/", "crds/", "examples/", "manifests/", "tests/")
# What stands for something that the reader fills in.
_PLACEHOLDER = re.compile(r"^@?[A-Z_]+$|\.\.\.|\$")


def _cli() -> typer.Typer:
    """Return the njst command as its entry point makes it, with all commands."""
    apps: list[typer.Typer] = []

    def keep(app: typer.Typer) -> None:
        apps.append(app)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.Typer, "__call__", keep)
        main()
    return apps[0]


CLI = _cli()
OPERATIONS: dict[str, dict[str, dict[str, Any]]] = Mesh().app().openapi()["paths"]
# What the original's API takes is not in the OpenAPI document.
_LEGACY_QUERY = {"full", "results", "settings", "streams"}


def options_of_njst() -> dict[str, set[str]]:
    """Return the options of each command of njst, also of those of a group."""
    commands = dict(vars(typer.main.get_command(CLI))["commands"])
    for group, command in [*commands.items()]:
        inner = vars(command).get("commands", {})
        commands |= {f"{group} {name}": one for name, one in inner.items()}
    return {
        name: {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
        for name, command in commands.items()
    }


def _check_njst(arguments: list[str]) -> None:
    name, *rest = arguments
    known = options_of_njst()
    if rest and f"{name} {rest[0]}" in known:
        name = f"{name} {rest.pop(0)}"
    assert name in known, f"njst has no command {name}"
    asked = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
    assert asked <= known[name], f"njst {name} has no option {asked - known[name]}"


def _check_make(arguments: list[str]) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word for word in arguments if "=" not in word}
    assert named <= targets, f"the Makefile has no target {named - targets}"


def _check_kubectl(arguments: list[str]) -> None:
    verbs = [word for word in arguments if word in _KUBECTL]
    assert verbs, "no verb of kubectl that the docs use elsewhere"
    for option, value in pairwise(arguments):
        if _PLACEHOLDER.search(value):
            continue
        if option in {"-k", "--kustomize"}:
            assert _is_kustomization(ROOT / value), f"{value} is no kustomization"
        if option in {"-f", "--filename"}:
            assert (ROOT / value).exists(), f"there is no {value}"
    for name in re.findall(r"njstjob/([a-z][\w-]*)", " ".join(arguments)):
        assert name in _example_names(), f"no example is called {name}"


def _is_kustomization(folder: Path) -> bool:
    names = ("kustomization.yaml", "kustomization.yml", "Kustomization")
    return any((folder / name).is_file() for name in names)


def _example_names() -> set[str]:
    manifests = map(yaml.safe_load, (p.read_text() for p in (ROOT / "examples").glob("*.yaml")))
    return {manifest["metadata"]["name"] for manifest in manifests}


def _check_helm(arguments: list[str]) -> None:
    assert arguments[0] in _HELM, f"helm {arguments[0]}"
    values = yaml.safe_load((ROOT / "charts" / "njst" / "values.yaml").read_text())
    for option, value in pairwise(arguments):
        if option == "--set":
            place = values
            for name in value.partition("=")[0].split("."):
                assert name in place, f"the chart has no value {value.partition('=')[0]}"
                place = place[name]


def _check_curl(arguments: list[str]) -> None:
    (url,) = (a for a in arguments if a.startswith(("$W/", "http://")))
    path, _, query = url.removeprefix("$W").removeprefix("http://127.0.0.1:5000").partition("?")
    method = "post" if {"-d", "--data-binary"} & {*arguments} else "get"
    if "-X" in arguments:
        method = arguments[arguments.index("-X") + 1].lower()
    named = path.replace("$JOB", "{job}").replace("$EXPERIMENT", "{experiment}")
    named = named.replace("$BASELINE", "{baseline}")
    operations = OPERATIONS.get(named, {})
    assert method in operations, f"the API has no {method.upper()} {path}"
    known = {p["name"] for p in operations[method].get("parameters", ())}
    known |= _LEGACY_QUERY if path.startswith("/bench") else set()
    asked = {*urllib.parse.parse_qs(query, keep_blank_values=True)}
    assert asked <= known, f"{method.upper()} {path} takes no {asked - known}"


def _check_python(arguments: list[str]) -> None:
    if "-m" in arguments:
        module = ROOT / arguments[arguments.index("-m") + 1].replace(".", "/")
        assert module.with_suffix(".py").exists() or (module / "__main__.py").exists(), module


def _check_nothing(_arguments: list[str]) -> None:
    """A program that every system has."""


_CHECKS: dict[str, Callable[[list[str]], None]] = {
    "curl": _check_curl,
    "grep": _check_nothing,
    "helm": _check_helm,
    "kubectl": _check_kubectl,
    "make": _check_make,
    "njst": _check_njst,
    "python": _check_python,
    # Other programs' own options are not njst's to check.
    "nats": _check_nothing,
    "nats-server": _check_nothing,
    "pre-commit": _check_nothing,
}


def check(command: Command) -> None:
    """Raise an assertion error that says what is wrong with a command of the docs."""
    assert command.program in _CHECKS, f"what is {command.program}?"
    _CHECKS[command.program](list(command.arguments))
    for word in command.arguments:
        named = word.removeprefix("@")
        if named.startswith(_FOLDERS) and not _PLACEHOLDER.search(named):
            assert (ROOT / named).exists(), f"there is no {named}"


@pytest.mark.parametrize("command", block_commands(), ids=str)
def test_command_in_a_block__can_be_typed(command: Command) -> None:
    check(command)


@pytest.mark.parametrize(
    "command", sentence_commands({"curl", "helm", "kubectl", "make", "njst", "python"}), ids=str
)
def test_command_in_a_sentence__can_be_typed(command: Command) -> None:
    check(command)


@pytest.mark.parametrize(
    "line",
    [
        "njst rnu examples/batches.yaml",
        "njst run --waiting examples/batches.yaml",
        "njst run examples/gone.yaml",
        "njst worker --listen :5000",
        "make everything",
        "kubectl apply -k manifests/overlays/gone",
        "kubectl apply -k examples",
        "kubectl apply -f examples/gone.yaml",
        "kubectl wait njstjob/gone --for=condition=Finished",
        "helm install njst charts/gone",
        "helm install njst charts/njst --set nats.uri=nats://nats:4222",
        "curl $W/api/v1/job",
        "curl -X DELETE $W/api/v1/jobs",
        "curl $W/api/v1/jobs?first=10",
        "curl --data-binary @examples/gone.yaml $W/api/v1/jobs",
        "python -m devenv.gone",
        "frobnicate",
    ],
)
def test_command_with_a_mistake__is_found(line: str) -> None:
    program, *arguments = line.split()
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(Command("here", program, tuple(arguments)))
