"""When a login expires, according to its token."""

import asyncio
import json
import time
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from devenv.kubernetes.kubeconfig import kubeconfig
from njst_operator.kube.api_transport import ApiTransport, end_of


def _token(end_s: float) -> str:
    claims = urlsafe_b64encode(json.dumps({"exp": end_s}).encode()).decode().rstrip("=")
    return f"head.{claims}.signature"


def test_token__with_exp__says_when_it_expires() -> None:
    assert end_of(_token(1_700_000_000)) == 1_700_000_000
    for opaque in ("", "secret", "a.b.c", "a.e30.c", f"a.{urlsafe_b64encode(b'[]').decode()}.c"):
        assert end_of(opaque) is None, opaque


def test_login__expired__is_reported_and_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kubeconfig"
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    # The client has read the variable when it was imported.
    place = "kubernetes.aio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION"
    monkeypatch.setattr(place, str(path))

    def log_in(end_s: float) -> None:
        text = kubeconfig(
            server="http://127.0.0.1:1",
            ca_pem=b"none",
            user="u",
            token=_token(end_s),
            namespace="n",
        )
        # Replaced atomically, as it is when renewed: it may be read at any time.
        fresh = path.with_suffix(".fresh")
        fresh.write_text(text)
        fresh.replace(path)

    async def troubles() -> list[str]:
        api = ApiTransport()
        log_in(time.time() - 1)
        await api.open()
        ended = await api.login_trouble()
        log_in(time.time() + 3600)
        renewed = await api.login_trouble()
        await api.close()
        return [ended, renewed]

    assert asyncio.run(troubles()) == ["the token has ended, and no newer one is there", ""]
