"""Which server a client turns to: those of the plan, then those that the cluster names."""

from njst.contract.connection import Connection, Tls
from njst.load.net.server_pool import PoolServer, ServerPool


def servers(*urls: str, **how: object) -> ServerPool:
    return ServerPool(Connection.model_validate({"servers": list(urls), **how}))


def known(servers: ServerPool) -> list[str]:
    return [server.url for server in servers.known]


def tried(servers: ServerPool, broken: PoolServer | None = None) -> str:
    return "".join(server.host for server in servers.order(broken))


def test_what_a_server_names_comes_behind_what_is_planned() -> None:
    found = servers("nats://a:1", "nats://b:2")
    found.learn(["c:3", "a:1", "10.0.0.1:4"], found.known[0])
    assert known(found) == ["nats://a:1", "nats://b:2", "nats://c:3", "nats://10.0.0.1:4"]
    found.learn(["d:5"], found.known[0])
    assert known(found) == ["nats://a:1", "nats://b:2", "nats://d:5"], "the others have gone"


def test_broken_server_comes_before_servers_that_were_never_reached() -> None:
    found = servers("nats://a:1", "nats://b:2")
    found.learn(["c:3", "d:4"], found.known[0])
    a, b, c, _ = found.known
    assert tried(found) == "abcd"
    assert tried(found, a) == "bacd"
    assert tried(found, b) == "abcd"
    found.note_taken(c)
    assert tried(found, a) == "bcad"
    assert tried(found, c) == "abcd", "the broken one was there once; nobody knows of the last"
    assert tried(found) == "cabd", "a new client begins where the last one was taken"


def test_a_server_that_failed_comes_last_until_it_takes_a_client() -> None:
    found = servers("nats://a:1", "nats://b:2")
    found.learn(["c:3", "d:4"], found.known[0])
    a, b, c, _ = found.known
    found.note_missed(a)
    found.note_missed(c)
    assert tried(found, b) == "bdac"
    found.note_taken(a)
    assert tried(found, b) == "abdc"
    found.learn([], a)
    found.learn(["c:3"], a)
    assert tried(found, b) == "abc"


def test_discovered_ip_address_is_certified_by_the_cluster_name() -> None:
    found = servers("tls://nats.example:1")
    found.learn(["10.0.0.1:2", "other:3", "[::1]:4"], found.known[0])
    assert [server.certified for server in found.known] == [
        "nats.example",
        "nats.example",
        "other",
        "nats.example",
    ]
    assert found.known[1].url == "tls://10.0.0.1:2"
    named = servers("tls://a:1", tls=Tls(hostname="name"))
    named.learn(["10.0.0.1:2"], named.known[0])
    assert [server.certified for server in named.known] == ["name", "name"]


def test_nothing_is_learnt_when_it_is_not_wanted_or_makes_no_sense() -> None:
    found = servers("nats://a:1", discover=False)
    found.learn(["b:2"], found.known[0])
    assert known(found) == ["nats://a:1"]
    found = servers("nats://a:1")
    found.learn(["", "b:x", "b:99999999", "/", "c:3"], found.known[0])
    assert known(found) == ["nats://a:1", "nats://c:3"]


def test_what_the_cluster_has_named_before_is_known_from_the_beginning() -> None:
    found = servers("tls://a:1", found=["10.0.0.1:2", "a:1", "[::1]:4"])
    assert known(found) == ["tls://a:1", "tls://10.0.0.1:2", "tls://[::1]:4"]
    assert found.known[1].certified == "a"
    assert found.found == ["10.0.0.1:2", "[::1]:4"]
    again = servers("tls://a:1").found
    assert again == []
    assert servers("nats://a:1", discover=False, found=["b:2"]).found == []


def test_a_connection_keeps_its_servers_and_learns_those_of_its_cluster() -> None:
    plain = Connection(servers=["nats://a:1"])
    assert plain.knowing([]) is plain
    assert plain.knowing(["b:2"]).found == ["b:2"]
    assert plain.knowing(["b:2"]).servers == ["nats://a:1"]


def spread(servers: ServerPool, place: int, broken: PoolServer | None = None) -> str:
    return "".join(server.host for server in servers.order(broken, place))


def test_clients_of_different_places__begin_with_different_servers() -> None:
    found = servers("nats://b:1")
    found.learn(["d:1", "a:1"], found.known[0])
    assert [spread(found, place) for place in range(4)] == ["bad", "adb", "dba", "bad"]
    found.learn(["a:1", "d:1"], found.known[0])
    assert spread(found, 1) == "adb", "whatever the order in which a server names them"
    _, a, d = found.known
    found.note_missed(a)
    assert spread(found, 1) == "dba"
    found.note_taken(a)
    found.note_taken(d)
    assert [spread(found, place, a) for place in range(3)] == ["bda", "dba", "bda"]


def test_servers_that_only_the_cluster_has_named__are_untried_until_they_take_a_client() -> None:
    found = servers("nats://a:1")
    found.learn(["b:1"], found.known[0])
    a, b = found.known
    assert (found.is_untried(a), found.is_untried(b)) == (False, True)
    assert spread(found, 1, a) == "ab", "after a break it is the last resort"
    found.note_taken(b)
    assert not found.is_untried(b)
    assert spread(found, 1, a) == "ba"
