"""TLS of the HTTP server: a renewed certificate counts for the next connection."""

import asyncio
import shutil
import ssl
from pathlib import Path

import httpx
import pytest
import trustme
from starlette.responses import PlainTextResponse

from njst import probe
from njst.api.server import serve
from njst.api.server_tls import ServerTls


def issue(ca: trustme.CA, folder: Path) -> tuple[Path, Path]:
    """Write a certificate for localhost and its key, as a Secret of kubernetes.io/tls has them."""
    folder.mkdir(exist_ok=True)
    made = ca.issue_cert("localhost")
    chain = b"".join(part.bytes() for part in made.cert_chain_pems)
    (folder / "tls.crt").write_bytes(chain)
    (folder / "tls.key").write_bytes(made.private_key_pem.bytes())
    return folder / "tls.crt", folder / "tls.key"


def trusting(ca: trustme.CA) -> httpx.AsyncClient:
    context = ssl.create_default_context()
    ca.configure_trust(context)
    return httpx.AsyncClient(verify=context, trust_env=False)


async def test_certificate__that_is_renewed__counts_for_the_next_connection(tmp_path: Path) -> None:
    first, second = trustme.CA(), trustme.CA()
    tls = ServerTls(*issue(first, tmp_path))
    async with serve(PlainTextResponse("ok"), "127.0.0.1", 0, tls) as url:
        assert url.startswith("https://")
        by_name = url.replace("127.0.0.1", "localhost")
        async with trusting(first) as old, trusting(second) as new:
            assert (await old.get(by_name)).text == "ok"
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await new.get(by_name)
            issue(second, tmp_path)
            assert (await new.get(by_name)).text == "ok"
            assert (await old.get(by_name)).text == "ok", "an open connection goes on"
        async with trusting(first) as old:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await old.get(by_name)


async def test_certificate__renewed_without_its_key__is_used_once_both_are_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = trustme.CA(), trustme.CA()
    tls = ServerTls(*issue(first, tmp_path))
    issue(second, tmp_path / "new")
    async with serve(PlainTextResponse("ok"), "127.0.0.1", 0, tls) as url:
        by_name = url.replace("127.0.0.1", "localhost")
        shutil.copy(tmp_path / "new" / "tls.crt", tmp_path)
        for _ in range(2):
            async with trusting(first) as http:
                assert (await http.get(by_name)).text == "ok"
        assert [record.message.split(":")[0] for record in caplog.records] == [
            "the renewed certificate is not used"
        ]
        shutil.copy(tmp_path / "new" / "tls.key", tmp_path)
        async with trusting(second) as http:
            assert (await http.get(by_name)).text == "ok"


async def test_plain_http__at_a_port_with_tls__gets_no_answer_and_probes_get_one(
    tmp_path: Path,
) -> None:
    tls = ServerTls(*issue(trustme.CA(), tmp_path))
    async with serve(PlainTextResponse("ok"), "127.0.0.1", 0, tls) as url:
        async with httpx.AsyncClient(trust_env=False) as http:
            with pytest.raises(httpx.RemoteProtocolError):
                await http.get(url.replace("https", "http"))
        # A probe knows its pod, not the name in the certificate.
        assert await asyncio.to_thread(probe.ask, url) == (0, "ok")


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("tls.crt", None, "tls.crt: No such file"),
        ("tls.key", None, "tls.key: No such file"),
        ("tls.key", "no key", "not a certificate and an unencrypted key in PEM format"),
        ("tls.key", "other", "the key does not belong to the certificate"),
    ],
)
def test_files__that_are_no_pair__are_refused(
    tmp_path: Path, file: str, text: str | None, said: str
) -> None:
    cert, key = issue(trustme.CA(), tmp_path)
    if text is None:
        (tmp_path / file).unlink()
    elif text == "other":
        shutil.copy(issue(trustme.CA(), tmp_path / "other")[1], key)
    else:
        (tmp_path / file).write_text(text)
    with pytest.raises(ValueError, match=said):
        ServerTls(cert, key)
