"""Middleware: who may do what, read-only workers, and the audit line of what was done."""

import logging

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from njst.api.access import audit
from njst.api.access.authorizer import Authorizer, AuthorizerUnavailableError
from njst.api.access.request_rules import Need, Rule, rule_of
from njst.api.problems import ApiProblem, render

_log = logging.getLogger(__name__)
# RFC 6750 section 3: how to ask again.
_CHALLENGE = 'Bearer realm="njst"'
# No token is longer; a longer one is not worth asking about.
_MAX_TOKEN = 16_384


class TokenGuard:
    """Rejects requests that their sender may not make.

    Without an authorizer everybody may do everything that the worker does.
    """

    def __init__(
        self, app: ASGIApp, authorizer: Authorizer | None, *, is_read_only: bool = False
    ) -> None:
        self._app = app
        self._authorizer = authorizer
        self._is_read_only = is_read_only
        self._trouble = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or reject it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rule = rule_of(scope["method"], scope["path"])
        facts = audit.begin(scope, rule.verb)
        app = self._app
        try:
            await self._admit(Headers(scope=scope), rule, facts)
        except ApiProblem as problem:
            app = render(problem)
        if rule.need is not Need.WRITE:
            await app(scope, receive, send)
            return

        async def send_and_write(message: Message) -> None:
            if message["type"] == "http.response.start":
                audit.write(scope, facts, message["status"])
            await send(message)

        await app(scope, receive, send_and_write)

    async def _admit(self, headers: Headers, rule: Rule, facts: audit.AuditFacts) -> None:
        """Reject a request that its sender may not make.

        Raises:
            ApiProblem: it is rejected.
        """
        if rule.need is Need.OPEN:
            return
        if self._authorizer is not None:
            decision = await self._decide(self._authorizer, token_of(headers), rule, facts)
            if not decision:
                words = f"user {facts.user} may not {rule.verb} jobs"
                raise ApiProblem(403, "forbidden", words)
        if self._is_read_only and rule.need is Need.WRITE:
            raise ApiProblem(403, "read-only", "this worker is read-only: it changes nothing")

    async def _decide(
        self, authorizer: Authorizer, token: str, rule: Rule, facts: audit.AuditFacts
    ) -> bool:
        try:
            decision = await authorizer.decide(token, rule)
        except AuthorizerUnavailableError as error:
            self._report(str(error))
            words = "whether the token is valid cannot be checked now; the worker's log says why"
            raise ApiProblem(503, "access-unavailable", words) from error
        self._report("")
        if decision.user is None:
            challenge = f'{_CHALLENGE}, error="invalid_token"'
            words = "the token is unknown or has expired, or was made for another audience"
            raise ApiProblem(401, "unauthenticated", words, headers={"www-authenticate": challenge})
        facts.user = decision.user
        return decision.is_allowed

    def _report(self, trouble: str) -> None:
        """Log each trouble once, not with each request."""
        if trouble and trouble != self._trouble:
            _log.warning("no token can be checked: %s", trouble)
        self._trouble = trouble


def token_of(headers: Headers) -> str:
    """Return the token of a request.

    Raises:
        ApiProblem: it has none.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() == "bearer" and token and len(token) <= _MAX_TOKEN and token.isascii():
        return token
    words = "this worker needs a token: send Authorization: Bearer TOKEN; njst takes NJST_API_TOKEN"
    raise ApiProblem(401, "unauthenticated", words, headers={"www-authenticate": _CHALLENGE})
