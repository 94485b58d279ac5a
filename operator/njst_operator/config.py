"""Settings of the operator, from its environment and command line."""

import argparse
import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from njst.contract.connection import Connection
from njst.contract.names.mesh import is_mesh
from njst.journal.log_lines import LogFormat, LogLevel
from njst.login.control_options import OPTIONS, control_connection, from_environment
from njst_operator.kube.label_selector import Selector, SelectorError, parse_selector
from njst_operator.kube.watch_scope import WatchScope

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class Config:
    """Settings of one replica of the operator."""

    # Options of the control connection, by key.
    given: Mapping[str, str]
    mesh: str
    scope: WatchScope
    replica: str
    cluster: str
    health: tuple[str, int] | None
    once: bool
    resync_s: int
    wait_s: float = 0.0
    log_replicas: int = 0
    # Whether it handles resources that name no mesh.
    default_mesh: bool = True
    # How many workers the mesh should have; 0: unknown.
    expect_workers: int = 0
    log_format: LogFormat = LogFormat.TEXT
    log_level: LogLevel = LogLevel.INFO

    @property
    def grace_s(self) -> float:
        """How long a resource must be missing from the lists before it counts as deleted."""
        return 2.0 * self.resync_s

    def control(self) -> Connection:
        """Return the control connection; its NATS context is read now.

        Raises:
            LoginError: the given options cannot be used.
        """
        return control_connection(self.given, name="njst-operator")


# Environment variables by option; those of the control connection are in OPTIONS.
VARIABLES = {
    "mesh": "NJST_MESH",
    "default_mesh": "NJST_DEFAULT_MESH",
    "namespace": "NJST_NAMESPACE",
    "selector": "NJST_SELECTOR",
    "copy": "POD_NAME",
    "cluster": "NJST_CLUSTER",
    "health": "NJST_HEALTH",
    "resync_seconds": "NJST_RESYNC_SECONDS",
    "wait_seconds": "NJST_WAIT_SECONDS",
    "log_replicas": "NJST_LOG_REPLICAS",
    "expect_workers": "NJST_EXPECT_WORKERS",
    "log_format": "NJST_LOG_FORMAT",
    "log_level": "NJST_LOG_LEVEL",
}


def build_parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """Return the parser; defaults come from the environment."""

    def env(dest: str, default: str) -> str:
        return environment.get(VARIABLES[dest], default)

    parser = argparse.ArgumentParser(
        prog="njst-operator", description="NjstJob resources become jobs, results become status."
    )
    for option in OPTIONS:
        parser.add_argument(
            *option.flags, dest=option.key, default=from_environment(option), help=option.help
        )
    parser.add_argument("--mesh", default=env("mesh", "default"), help="name of the mesh")
    parser.add_argument(
        "--default-mesh",
        choices=("true", "false"),
        default=env("default_mesh", "true"),
        help="take jobs without spec.mesh too; true in one installation of a cluster alone",
    )
    parser.add_argument(
        "--namespace",
        action="append",
        default=None,
        help="watch these, comma separated or given several times; empty: all",
    )
    parser.add_argument(
        "--selector",
        default=env("selector", ""),
        help="watch only NjstJobs, NjstSchedules and NjstExperiments with these labels, as"
        " kubectl's --selector",
    )
    parser.add_argument(
        "--copy", default=env("copy", ""), help="this copy's name among equals; the host's"
    )
    parser.add_argument(
        "--cluster",
        default=env("cluster", ""),
        help="name of this cluster in the job log; empty: the cluster's own",
    )
    parser.add_argument(
        "--health",
        default=env("health", ""),
        help="HOST:PORT that serves /livez, /readyz and /metrics; empty: none",
    )
    parser.add_argument(
        "--resync-seconds",
        type=int,
        default=env("resync_seconds", "30"),
        help="seconds between the first lists of all resources, which find what the watch has"
        " missed; later lists are 4 times as far apart",
    )
    parser.add_argument(
        "--wait-seconds",
        type=float,
        default=env("wait_seconds", "0"),
        help="how long to wait for NATS at the start, and for resource types, rights and a watch at"
        " any time; inf: for ever",
    )
    parser.add_argument(
        "--log-replicas",
        type=int,
        choices=range(6),
        default=env("log_replicas", "0"),
        help="copies of the job log; 0: as many as the cluster gives, up to 3",
    )
    parser.add_argument(
        "--expect-workers",
        type=int,
        default=env("expect_workers", "0"),
        help="how many workers there should be: a job for all of them waits a minute for the last",
    )
    parser.add_argument(
        "--log-format",
        choices=[str(value) for value in LogFormat],
        default=env("log_format", LogFormat.TEXT),
        help="form of the log lines",
    )
    parser.add_argument(
        "--log-level",
        choices=[str(value) for value in LogLevel],
        default=env("log_level", LogLevel.INFO),
        help="least level that is logged",
    )
    parser.add_argument(
        "--once", action="store_true", help="do what is to be done now, and end: for scripts"
    )
    return parser


def parse_config(argv: Sequence[str]) -> Config:
    """Return the settings; an option overrides its environment variable."""
    parser = build_parser(os.environ)
    arguments = parser.parse_args(argv)
    if not is_mesh(arguments.mesh):
        parser.error("--mesh: must be 1 to 32 lower-case letters, digits or inner dashes")
    if arguments.default_mesh not in ("true", "false"):
        parser.error("--default-mesh: must be true or false")
    # argparse does not check defaults, which may be from the environment.
    for option, kind in (("log_format", LogFormat), ("log_level", LogLevel)):
        if getattr(arguments, option) not in list(kind):
            allowed = ", ".join(kind)
            parser.error(f"--{option.replace('_', '-')}: must be one of {allowed}")
    if not arguments.wait_seconds >= 0:
        parser.error("--wait-seconds: must be 0 or more, or inf")
    return Config(
        given={option.key: getattr(arguments, option.key) for option in OPTIONS},
        mesh=arguments.mesh,
        scope=WatchScope(
            _namespaces(arguments.namespace or [os.environ.get("NJST_NAMESPACE", "")], parser),
            _selector(arguments.selector, parser),
        ),
        replica=arguments.copy or socket.gethostname(),
        cluster=arguments.cluster,
        health=_address(arguments.health, parser),
        once=arguments.once,
        resync_s=arguments.resync_seconds,
        wait_s=arguments.wait_seconds,
        log_replicas=arguments.log_replicas,
        default_mesh=arguments.default_mesh == "true",
        expect_workers=arguments.expect_workers,
        log_format=LogFormat(arguments.log_format),
        log_level=LogLevel(arguments.log_level),
    )


def _namespaces(given: Sequence[str], parser: argparse.ArgumentParser) -> tuple[str, ...]:
    found = [name.strip() for text in given for name in text.split(",") if name.strip()]
    for name in found:
        if not _NAMESPACE.fullmatch(name):
            parser.error(
                f'--namespace: "{name}" is no name of a namespace: 1 to 63 lower-case letters,'
                " digits or inner dashes"
            )
    # Without duplicates: a namespace that is watched twice brings every change twice.
    return tuple(dict.fromkeys(found))


def _selector(text: str, parser: argparse.ArgumentParser) -> Selector:
    try:
        return parse_selector(text)
    except SelectorError as error:
        parser.error(f"--selector: {error}")


def _address(text: str, parser: argparse.ArgumentParser) -> tuple[str, int] | None:
    host, _, port = text.rpartition(":")
    if text and not port.isdigit():
        parser.error("--health: must be HOST:PORT")
    return (host, int(port)) if text else None
