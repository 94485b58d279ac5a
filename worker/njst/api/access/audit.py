"""One line of the log for each request that changes something, or was refused to."""

import json
import logging
import re
from dataclasses import dataclass

from starlette.types import Scope

from njst.contract.spec.target import Target
from njst.journal.log_lines import NOTHING, logged_about

_KEY = "njst.audit"
# Anything else is quoted: a line must not be made to look like two.
_PLAIN = re.compile(r"[\w.:@/*,\[\]-]+", re.ASCII)
_log = logging.getLogger("njst.audit")


@dataclass
class AuditFacts:
    """Who asks for what; routes add the job and its target."""

    user: str = "-"
    address: str = "-"
    action: str = ""
    path: str = ""
    job: str = ""
    target: str = ""


def begin(scope: Scope, action: str) -> AuditFacts:
    """Return the facts of a request, to which its route adds some."""
    client = scope.get("client")
    facts = AuditFacts(action=action, path=scope["path"], address=client[0] if client else "-")
    scope[_KEY] = facts
    return facts


def note(scope: Scope, job: str, target: Target) -> None:
    """Add the job or the experiment that a request creates, and its target."""
    facts = scope.get(_KEY)
    if facts is not None:
        facts.job, facts.target = job, target_text(target)


def target_text(target: Target) -> str:
    """Return a target in a word."""
    if target.context is not None:
        return f"context:{target.context}"
    return ",".join(target.servers) or "control"


def write(scope: Scope, facts: AuditFacts, status: int) -> None:
    """Write the line of a request that was answered with `status`."""
    parameters = scope.get("path_params", {})
    job = facts.job or parameters.get("job") or parameters.get("experiment") or ""
    words = {
        "user": facts.user,
        "from": facts.address,
        "action": facts.action,
        "path": facts.path,
        **({"target": facts.target} if facts.target else {}),
        "status": str(status),
    }
    line = " ".join(f"{name}={_quoted(value)}" for name, value in words.items())
    with logged_about(job if _PLAIN.fullmatch(job) else NOTHING):
        _log.info("audit %s", line)


def _quoted(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else json.dumps(value)
