"""Tokens in a file: a line for each user, with its role."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from njst.api.access.authorizer import (
    UNKNOWN,
    AccessConfigError,
    AuthorizerUnavailableError,
    Decision,
)
from njst.api.access.request_rules import Need, Rule
from njst.login.tls_context import file_version

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:-]{0,127}")
# RFC 6750 section 2.1; short ones can be guessed.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{16,4096}=*")
_FORM = "must be NAME, view or edit, and a token of 16 or more letters, digits or ._~+/-="


class Role(StrEnum):
    """What the owner of a token may do: read, or also write."""

    VIEW = "view"
    EDIT = "edit"


@dataclass(frozen=True)
class _User:
    name: str
    role: Role


class TokenFile:
    """Knows the users of a file, which is read again when it changes.

    Only digests are kept, so the time of a look-up says nothing about a token.
    """

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            AccessConfigError: it cannot be read, or a line is invalid.
        """
        self._path = path
        self._version = file_version(path)
        self._users = _read(path)

    async def decide(self, token: str, rule: Rule) -> Decision:
        """Return whose token it is, and whether that user may do it."""
        user = self._known().get(_digest(token))
        if user is None:
            return UNKNOWN
        return Decision(user.name, rule.need is not Need.WRITE or user.role is Role.EDIT)

    def _known(self) -> dict[bytes, _User]:
        version = file_version(self._path)
        if version != self._version:
            # A broken file is no reason to go on with tokens that it may have removed.
            try:
                self._users = _read(self._path)
            except AccessConfigError as error:
                raise AuthorizerUnavailableError(str(error)) from error
            self._version = version
        return self._users


def _read(path: Path) -> dict[bytes, _User]:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise AccessConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise AccessConfigError(f"{path}: must be ASCII") from error
    return parse_tokens(lines, str(path))


def parse_tokens(lines: list[str], name: str) -> dict[bytes, _User]:
    """Return the users of a file by the digests of their tokens.

    Empty lines and lines that begin with # mean nothing. A user may have several tokens, so that
    one can replace another.

    Raises:
        AccessConfigError: naming the first invalid line, and never a token.
    """
    users: dict[bytes, _User] = {}
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 3 or words[1] not in {*Role} or not _NAME.fullmatch(words[0]):
            raise AccessConfigError(f"{name}: line {number} {_FORM}")
        if not _TOKEN.fullmatch(words[2]):
            raise AccessConfigError(f"{name}: line {number} {_FORM}")
        digest = _digest(words[2])
        if digest in users:
            raise AccessConfigError(f"{name}: line {number} has the token of another line")
        users[digest] = _User(words[0], Role(words[1]))
    if not users:
        raise AccessConfigError(f"{name}: no line names a user; each {_FORM}")
    return users


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
