"""Each kind of login: a load runs through it, and a wrong one is refused in words that help.

Set-up (nats-py) and load (raw frames) must say the same.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from njst.contract.connection import Connection, Tls
from njst.local.nats_server import NatsServer
from tests.nats.connections.identities import Certificates, Nkey, Operator
from tests.nats.connections.running import assert_it_runs, refusals

PASSWORD = "pa55word-that-nobody-may-see"


def file(folder: Path, text: str, name: str = "secret") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


async def assert_refused(connection: Connection, reason: str, *words: str) -> None:
    """Both sides say the same reason, and each of the words, and no secret."""
    for said, message in await refusals(connection):
        assert said == reason, message
        for word in (connection.servers[0], *words):
            assert word in message
        assert PASSWORD not in message


@pytest.fixture(scope="module")
def by_password() -> Iterator[NatsServer]:
    login = f'{{user: "tester", password: "{PASSWORD}"}}'
    with NatsServer.start(config=f"authorization {{ timeout: 60, users = [{login}] }}") as server:
        yield server


async def test_a_user_with_a_password(by_password: NatsServer) -> None:
    await assert_it_runs(Connection(servers=[by_password.url], user="tester", password=PASSWORD))


async def test_a_login_in_each_of_several_urls(by_password: NatsServer) -> None:
    url = by_password.url.replace("nats://", f"nats://tester:{PASSWORD}@")
    nobody = f"nats://tester:{PASSWORD}@127.0.0.1:1"
    connection = Connection(servers=[nobody, url])
    assert PASSWORD not in "".join(connection.servers)
    await assert_it_runs(connection)


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ({"user": "tester", "password": "no"}, "no user 'tester' with this password"),
        ({"user": "other", "password": PASSWORD}, "no user 'other' with this password"),
        ({}, "the server requires a login; set user and password, token, creds or nkey"),
        ({"token": PASSWORD}, "the server does not accept this token"),
    ],
)
async def test_a_wrong_password(by_password: NatsServer, login: dict[str, str], words: str) -> None:
    connection = Connection(servers=[by_password.url], **login)
    await assert_refused(connection, "TargetLoginRefused", "Authorization Violation", words)


async def test_a_token() -> None:
    with NatsServer.start(config=f'authorization {{ timeout: 60, token: "{PASSWORD}" }}') as server:
        await assert_it_runs(Connection(servers=[server.url], token=PASSWORD))
        wrong = Connection(servers=[server.url], token="x")
        await assert_refused(wrong, "TargetLoginRefused", "the server does not accept this token")


async def test_an_nkey(tmp_path: Path) -> None:
    known, unknown = Nkey.make(), Nkey.make()
    with NatsServer.start(
        config=f"authorization {{ timeout: 60, users = [{{nkey: {known.public}}}] }}"
    ) as s:
        named = file(tmp_path, f"{known.seed}\n")
        await assert_it_runs(Connection(servers=[s.url], nkey_seed_file=named))
        await assert_it_runs(Connection(servers=[s.url], seed=known.seed))
        wrong = Connection(servers=[s.url], nkey_seed_file=file(tmp_path, unknown.seed))
        await assert_refused(wrong, "TargetLoginRefused", "the server has no user with this NKey")
    missing = Connection(servers=["nats://127.0.0.1:1"], nkey_seed_file=str(tmp_path / "none"))
    no_seed = Connection(servers=["nats://127.0.0.1:1"], seed=known.public)
    for connection in (missing, no_seed):
        assert await refusals(connection)


@pytest.fixture(scope="module")
def operator() -> Operator:
    return Operator()


@pytest.fixture(scope="module")
def by_jwt(operator: Operator) -> Iterator[NatsServer]:
    with NatsServer.start(config=operator.config()) as server:
        yield server


async def test_creds(by_jwt: NatsServer, operator: Operator, tmp_path: Path) -> None:
    creds = file(tmp_path, operator.user(seconds=3600).creds())
    await assert_it_runs(Connection(servers=[by_jwt.url], creds_file=creds))


async def test_a_jwt_and_a_seed(by_jwt: NatsServer, operator: Operator) -> None:
    user = operator.user()
    await assert_it_runs(Connection(servers=[by_jwt.url], jwt=user.jwt, seed=user.key.seed))


async def test_creds_that_are_over(by_jwt: NatsServer, operator: Operator, tmp_path: Path) -> None:
    creds = file(tmp_path, operator.user(seconds=-60).creds())
    connection = Connection(servers=[by_jwt.url], creds_file=creds)
    await assert_refused(connection, "TargetLoginRefused", "the user JWT expired at 20")


async def test_creds_of_another_operator(by_jwt: NatsServer, tmp_path: Path) -> None:
    creds = file(tmp_path, Operator().user().creds())
    connection = Connection(servers=[by_jwt.url], creds_file=creds)
    await assert_refused(connection, "TargetLoginRefused", "does not know or trust the user JWT")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file"),
        ("nothing", "has no NATS user JWT with its seed"),
        (b"\xff\xfe", "is not a text file"),
    ],
)
async def test_a_file_that_is_no_creds(
    by_jwt: NatsServer, tmp_path: Path, text: str | bytes | None, words: str
) -> None:
    path = tmp_path / "some.creds"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    connection = Connection(servers=[by_jwt.url], creds_file=str(path))
    for reason, message in await refusals(connection):
        assert reason == "TargetLoginUnusable"
        assert f"creds: {path}" in message
        assert words in message


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def by_tls(certificates: Certificates) -> Iterator[NatsServer]:
    with NatsServer.start(config=certificates.config()) as server:
        yield server


@pytest.mark.parametrize("url", ["nats://127.0.0.1", "tls://127.0.0.1", "tls://localhost"])
async def test_tls(by_tls: NatsServer, certificates: Certificates, url: str) -> None:
    servers = [f"{url}:{by_tls.port}"]
    await assert_it_runs(Connection(servers=servers, tls=Tls(ca_file=certificates.ca)))


async def test_tls_by_a_ca_that_is_not_known(by_tls: NatsServer, tmp_path: Path) -> None:
    other = Certificates(tmp_path / "other").ca
    for tls in (Tls(), Tls(ca_file=other)):
        connection = Connection(servers=[by_tls.url], tls=tls)
        await assert_refused(connection, "TargetTlsRefused", "set ca to the CA that signed it")


async def test_a_certificate_for_another_name(tmp_path: Path) -> None:
    made = Certificates(tmp_path / "tls")
    with NatsServer.start(config=made.config("elsewhere")) as server:
        connection = Connection(servers=[server.url], tls=Tls(ca_file=made.ca))
        await assert_refused(connection, "TargetTlsRefused", "use one of its names")
        named = Tls(ca_file=made.ca, hostname="elsewhere")
        await assert_it_runs(Connection(servers=[server.url], tls=named))


async def test_a_certificate_that_is_over(tmp_path: Path) -> None:
    made = Certificates(tmp_path / "tls")
    with NatsServer.start(config=made.config(days=-2)) as server:
        connection = Connection(servers=[server.url], tls=Tls(ca_file=made.ca))
        await assert_refused(
            connection, "TargetTlsRefused", "certificate has expired; renew it on the server"
        )


async def test_no_tls_where_it_is_wanted(by_password: NatsServer) -> None:
    """And no login goes out in the clear."""
    url = by_password.url.replace("nats://", "tls://")
    connection = Connection(servers=[url], user="tester", password=PASSWORD)
    await assert_refused(connection, "TargetTlsRefused", "the server does not offer TLS")


async def test_tls_that_the_server_leaves_open(tmp_path: Path) -> None:
    made = Certificates(tmp_path / "tls")
    with NatsServer.start(config=made.config() + "\nallow_non_tls: true") as server:
        await assert_it_runs(Connection(servers=[server.url]))
        wanted = [server.url.replace("nats://", "tls://")]
        await assert_it_runs(Connection(servers=wanted, tls=Tls(ca_file=made.ca)))
        assert not server.monitor("/varz").get("tls_required")


async def test_mutual_tls(tmp_path: Path) -> None:
    made = Certificates(tmp_path / "tls")
    users = 'authorization { timeout: 60, users = [{user: "CN=worker"}, {user: "worker"}] }'
    config = made.config(more="; verify_and_map: true") + "\n" + users
    cert, key = made.issue("worker", name="worker")
    with NatsServer.start(config=config) as server:
        tls = Tls(ca_file=made.ca, cert_file=cert, key_file=key)
        await assert_it_runs(Connection(servers=[server.url], tls=tls))
        without = Connection(servers=[server.url], tls=Tls(ca_file=made.ca))
        await assert_refused(without, "TargetTlsRefused", "requires a client certificate; set cert")
        cert, key = made.issue("stranger", name="stranger")
        stranger = Tls(ca_file=made.ca, cert_file=cert, key_file=key)
        await assert_refused(
            Connection(servers=[server.url], tls=stranger),
            "TargetLoginRefused",
            "the server has no user with this client certificate",
        )
        other = Certificates(tmp_path / "other")
        cert, key = other.issue("worker", name="worker")
        foreign = Tls(ca_file=made.ca, cert_file=cert, key_file=key)
        await assert_refused(
            Connection(servers=[server.url], tls=foreign),
            "TargetTlsRefused",
            "does not accept the client certificate",
        )


async def test_tls_first(tmp_path: Path) -> None:
    made = Certificates(tmp_path / "tls")
    with NatsServer.start(config=made.config(more="; handshake_first: true")) as server:
        tls = Tls(ca_file=made.ca, first=True)
        await assert_it_runs(Connection(servers=[server.url], tls=tls))
        late = Connection(servers=[server.url], tls=Tls(ca_file=made.ca), connect_timeout_ms=1_000)
        await assert_refused(late, "TargetUnreachable", "use tls_first for handshake_first servers")


async def test_tls_first_where_the_server_greets_first(by_password: NatsServer) -> None:
    connection = Connection(servers=[by_password.url], tls=Tls(first=True))
    await assert_refused(connection, "TargetTlsRefused", "omit tls_first")
