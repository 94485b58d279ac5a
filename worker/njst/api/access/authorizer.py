"""What decides whether the owner of a token may do what a request does."""

from dataclasses import dataclass
from typing import Protocol

from njst.api.access.request_rules import Rule


@dataclass(frozen=True)
class Decision:
    """Whose token it is, None: nobody's, and whether that user may do it."""

    user: str | None
    is_allowed: bool


UNKNOWN = Decision(None, is_allowed=False)


class Authorizer(Protocol):
    """Decides by a token."""

    async def decide(self, token: str, rule: Rule) -> Decision:
        """Return whose token it is, and whether that user may do it.

        Raises:
            AuthorizerUnavailableError: it cannot be decided now.
        """


class AuthorizerUnavailableError(Exception):
    """Nothing can be decided at the moment; the message says why."""


class AccessConfigError(ValueError):
    """A setting of the access is invalid; the message says which, and what is allowed."""
