"""By which names a worker may be asked: none that a stranger could own."""

import pytest

from njst.api.access.host_names import HostNames

KNOWN = [
    "127.0.0.1:5000",
    "10.1.2.3",
    "[::1]:5000",
    "[fd00::7]",
    "localhost:5000",
    "LocalHost",
    "worker",
    "my_worker:5000",
    "njst",
    "njst-worker-0.njst-workers.load.svc:5000",
    "njst.load.svc.cluster.local",
    "10-1-2-3.load.pod.cluster.local.",
]
UNKNOWN = [
    "evil.example",
    "evil.example:5000",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "svc.evil.example",
    "njst.load.svc.evil.example",
    "127.1",
    "[::1",
    "[localhost]",
    "a b",
    "a<script>",
    "user@localhost",
    "localhost:5000:1",
    "..",
    "",
]


@pytest.mark.parametrize("host", KNOWN)
def test_host__that_no_stranger_can_own__is_known(host: str) -> None:
    assert HostNames().is_known(host)


@pytest.mark.parametrize("host", UNKNOWN)
def test_host__of_a_stranger_or_malformed__is_not_known(host: str) -> None:
    assert not HostNames().is_known(host)
    assert HostNames(["*"]).is_known(host)


@pytest.mark.parametrize(
    ("allowed", "host", "is_known"),
    [
        ("njst.example.com", "njst.example.com", True),
        ("NJST.example.com.", "njst.EXAMPLE.com.:443", True),
        ("njst.example.com", "a.njst.example.com", False),
        ("*.example.com", "njst.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "badexample.com", False),
    ],
)
def test_host__that_is_allowed__is_known(allowed: str, host: str, is_known: bool) -> None:
    assert HostNames(["other.example", allowed]).is_known(host) is is_known


@pytest.mark.parametrize(
    "entry", ["https://njst.example", "njst.example:80", "*.*", "a.*", "a/b", ""]
)
def test_entry__that_is_no_name__is_refused_by_name(entry: str) -> None:
    with pytest.raises(ValueError, match="must be a host name without a port") as refused:
        HostNames([entry])
    assert repr(entry) in str(refused.value)
