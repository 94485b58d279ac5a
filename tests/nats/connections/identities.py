"""Who a server and a client are in these tests: certificates, NKeys, JWTs signed on the spot."""

import base64
import hashlib
import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nkeys
import trustme

HOST = "localhost"


@dataclass(frozen=True)
class Nkey:
    """A key pair; its seed is what a client keeps."""

    seed: str
    public: str

    @classmethod
    def make(cls, prefix: int = nkeys.PREFIX_BYTE_USER) -> "Nkey":
        seed = nkeys.encode_seed(os.urandom(32), prefix)
        return cls(seed.decode(), nkeys.from_seed(bytearray(seed)).public_key.decode())

    def sign(self, data: bytes) -> bytes:
        signature: bytes = nkeys.from_seed(bytearray(self.seed.encode())).sign(data)
        return signature


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(by: Nkey, subject: Nkey, nats: dict[str, Any], *, expires: int = 0) -> str:
    """Return a NATS JWT (github.com/nats-io/jwt, v2)."""
    claims: dict[str, Any] = {
        "iat": int(time.time()),
        "iss": by.public,
        "name": nats["type"],
        "sub": subject.public,
        "nats": {**nats, "version": 2},
    }
    if expires:
        claims["exp"] = expires
    text = json.dumps(claims, sort_keys=True).encode()
    claims["jti"] = base64.b32encode(hashlib.sha256(text).digest()).decode().rstrip("=")
    head = _base64(json.dumps({"typ": "JWT", "alg": "ed25519-nkey"}).encode())
    body = f"{head}.{_base64(json.dumps(claims).encode())}"
    return f"{body}.{_base64(by.sign(body.encode()))}"


class Operator:
    """An operator with one account that has JetStream, and a system account that has not."""

    def __init__(self, tiers: dict[str, Any] | None = None) -> None:
        """Take the tiers of the account (`tiered_limits` of its JWT); None: it has no limits."""
        self._tiers = tiers
        self._key = Nkey.make(nkeys.PREFIX_BYTE_OPERATOR)
        self._account = Nkey.make(nkeys.PREFIX_BYTE_ACCOUNT)
        self._system = Nkey.make(nkeys.PREFIX_BYTE_ACCOUNT)

    def config(self) -> str:
        """Return what makes a server trust this operator."""
        operator = signed(self._key, self._key, {"type": "operator"})
        return f"""
            operator: {operator}
            system_account: {self._system.public}
            resolver: MEMORY
            resolver_preload: {{
              {self._account.public}: {self._account_jwt(self._account, -1)}
              {self._system.public}: {self._account_jwt(self._system, 0)}
            }}
        """

    def _account_jwt(self, account: Nkey, storage: int) -> str:
        counts = ("subs", "data", "payload", "imports", "exports", "conn", "leaf")
        limits: dict[str, Any] = dict.fromkeys(counts, -1)
        if storage and self._tiers:
            limits |= {"tiered_limits": self._tiers}
        else:
            limits |= {"mem_storage": storage, "disk_storage": storage}
            limits |= {"streams": -1, "consumer": -1}
        return signed(self._key, account, {"type": "account", "limits": limits})

    def user(self, *, seconds: int = 0) -> "User":
        """Return a new user of the account, who may log in for so long; 0: for ever."""
        key = Nkey.make()
        nats = {"type": "user", "subs": -1, "data": -1, "payload": -1}
        expires = int(time.time()) + seconds if seconds else 0
        return User(key, signed(self._account, key, nats, expires=expires))


@dataclass(frozen=True)
class User:
    """A user's key and the JWT that an account gave it."""

    key: Nkey
    jwt: str

    def creds(self) -> str:
        """Return the text of a .creds file, as `nsc` writes it."""
        return (
            f"-----BEGIN NATS USER JWT-----\n{self.jwt}\n------END NATS USER JWT------\n\n"
            "************************* IMPORTANT *************************\n"
            "NKEY Seed printed below can be used to sign and prove identity.\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{self.key.seed}\n------END USER NKEY SEED------\n"
        )


class Certificates:
    """A CA and what it signed, as files of one folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._ca = trustme.CA()
        self.ca = str(folder / "ca.pem")
        self._ca.cert_pem.write_to_path(self.ca)

    def issue(self, *names: str, name: str = "server", days: int = 30) -> tuple[str, str]:
        """Return certificate and key for hosts or users; of the past when `days` is negative."""
        end = datetime.now(UTC) + timedelta(days=days)
        made = self._ca.issue_cert(
            *names, not_before=end - timedelta(days=90), not_after=end, common_name=names[0]
        )
        cert, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        cert.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        made.private_key_pem.write_to_path(str(key))
        return str(cert), str(key)

    def config(self, *names: str, more: str = "", days: int = 30) -> str:
        """Return a server's `tls` block with a certificate for these names."""
        cert, key = self.issue(*(names or (HOST, "127.0.0.1")), days=days)
        files = f'cert_file: "{cert}", key_file: "{key}", ca_file: "{self.ca}"'
        # The server's own is 2 s, which a client on a busy machine may need.
        return f"tls {{ {files}, timeout: 60 {more} }}"
