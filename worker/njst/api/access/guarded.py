"""Puts the guards in front of the API."""

from dataclasses import dataclass, field

from starlette.types import ASGIApp

from njst.api.access.authorizer import Authorizer
from njst.api.access.cross_site import CrossSiteGuard
from njst.api.access.host_guard import HostGuard
from njst.api.access.host_names import HostNames
from njst.api.access.token_guard import TokenGuard


@dataclass(frozen=True)
class Access:
    """Which requests reach the API; without an authorizer none needs a token."""

    hosts: HostNames = field(default_factory=HostNames)
    authorizer: Authorizer | None = None
    is_read_only: bool = False


def guarded(app: ASGIApp, access: Access) -> ASGIApp:
    """Return `app` behind all guards; only a request of the own site is asked for its token."""
    tokens = TokenGuard(app, access.authorizer, is_read_only=access.is_read_only)
    return CrossSiteGuard(HostGuard(tokens, access.hosts))
