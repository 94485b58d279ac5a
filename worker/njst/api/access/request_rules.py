"""What a request needs, by its method and path; pure.

Verbs are those of Kubernetes, so that rights on NjstJobs are rights here too. A path that is not
listed needs at least the right to read: a new route is closed until a rule opens it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Need(StrEnum):
    """What a request does."""

    # Probes, numbers without names of streams, and files without data of a job.
    OPEN = "Open"
    READ = "Read"
    WRITE = "Write"


@dataclass(frozen=True)
class Rule:
    """What a request does, and the verb on NjstJobs that it needs."""

    need: Need
    verb: str


_OPEN = Rule(Need.OPEN, "")
_LIST = Rule(Need.READ, "list")
_GET = Rule(Need.READ, "get")
_CREATE = Rule(Need.WRITE, "create")
_PATCH = Rule(Need.WRITE, "patch")
_DELETE = Rule(Need.WRITE, "delete")
_PURGE = Rule(Need.WRITE, "deletecollection")

_READING = ("GET", "HEAD", "OPTIONS")
_RULES: tuple[tuple[str, str, Rule], ...] = (
    ("GET", r"/|/assets/[^/]+|/docs|/openapi\.json", _OPEN),
    ("GET", r"/healthz|/readyz|/health-check|/metrics|/version", _OPEN),
    ("GET", r"/api/v1/(jobs|experiments|baselines|cluster)|/cluster|/bench", _LIST),
    # Compares what was measured; nothing is stored.
    ("POST", r"/api/v1/comparisons", _GET),
    ("POST", r"/api/v1/(jobs|experiments)/[^/]+/(cancel|suspend|resume)", _PATCH),
    ("POST", r"/bench/purge", _PURGE),
    ("DELETE", r".*", _DELETE),
)
_PATTERNS = tuple((method, re.compile(path, re.DOTALL), rule) for method, path, rule in _RULES)


def rule_of(method: str, path: str) -> Rule:
    """Return what a request needs."""
    for listed, pattern, rule in _PATTERNS:
        if listed == method and pattern.fullmatch(path):
            return rule
    return _GET if method in _READING else _CREATE
