"""Which server a client turns to: those of the plan, then those that the cluster names."""

from njst.contract.connection import Connection, Tls
from njst.load.servers import Servers


def servers(*urls: str, **how: object) -> Servers:
    return Servers(Connection.model_validate({"servers": list(urls), **how}))


def known(servers: Servers) -> list[str]:
    return [servers[place].url for place in range(len(servers))]


def test_what_a_server_names_comes_behind_what_is_planned() -> None:
    found = servers("nats://a:1", "nats://b:2")
    found.learn(["c:3", "a:1", "10.0.0.1:4"], found[0])
    assert known(found) == ["nats://a:1", "nats://b:2", "nats://c:3", "nats://10.0.0.1:4"]
    found.learn(["d:5"], found[0])
    assert known(found) == ["nats://a:1", "nats://b:2", "nats://d:5"], "the others have gone"


def test_after_the_last_one_comes_the_first() -> None:
    found = servers("nats://a:1", "nats://b:2")
    assert found[found.after(found[0])].url == "nats://b:2"
    assert found[found.after(found[1])].url == "nats://a:1"
    assert found.after(None) == 0


def test_a_server_that_is_named_by_its_ip_has_the_certificate_of_its_cluster() -> None:
    found = servers("tls://nats.example:1")
    found.learn(["10.0.0.1:2", "other:3", "[::1]:4"], found[0])
    assert [found[n].certified for n in range(4)] == [
        "nats.example",
        "nats.example",
        "other",
        "nats.example",
    ]
    assert found[1].url == "tls://10.0.0.1:2"
    named = servers("tls://a:1", tls=Tls(hostname="name"))
    named.learn(["10.0.0.1:2"], named[0])
    assert [named[n].certified for n in range(2)] == ["name", "name"]


def test_nothing_is_learnt_when_it_is_not_wanted_or_makes_no_sense() -> None:
    found = servers("nats://a:1", discover=False)
    found.learn(["b:2"], found[0])
    assert known(found) == ["nats://a:1"]
    found = servers("nats://a:1")
    found.learn(["", "b:x", "b:99999999", "/", "c:3"], found[0])
    assert known(found) == ["nats://a:1", "nats://c:3"]


def test_what_the_cluster_has_named_before_is_known_from_the_beginning() -> None:
    found = servers("tls://a:1", found=["10.0.0.1:2", "a:1", "[::1]:4"])
    assert known(found) == ["tls://a:1", "tls://10.0.0.1:2", "tls://[::1]:4"]
    assert found[1].certified == "a"
    assert found.found == ["10.0.0.1:2", "[::1]:4"]
    again = servers("tls://a:1").found
    assert again == []
    assert servers("nats://a:1", discover=False, found=["b:2"]).found == []


def test_a_connection_keeps_its_servers_and_learns_those_of_its_cluster() -> None:
    plain = Connection(servers=["nats://a:1"])
    assert plain.knowing([]) is plain
    assert plain.knowing(["b:2"]).found == ["b:2"]
    assert plain.knowing(["b:2"]).servers == ["nats://a:1"]
