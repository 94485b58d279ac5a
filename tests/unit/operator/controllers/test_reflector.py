"""What lists find that a watch has missed, in virtual time."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from njst.testing.virtual_loop import run
from njst_operator.config import Config
from njst_operator.controllers.job.job_resource import JobResource, resource_of
from njst_operator.controllers.reflector import RETRY_LIST_S, Reflector
from njst_operator.kube.api_transport import KubeError
from njst_operator.kube.label_selector import parse_selector
from njst_operator.kube.watch_scope import WatchScope
from njst_operator.telemetry.operator_metrics import OperatorMetrics
from njst_operator.telemetry.replica_health import ReplicaHealth

PERIOD_S = 30
CONFIG = Config({}, "default", WatchScope(("ns",)), "copy-1", "", None, False, PERIOD_S)


def body(uid: str, version: int = 1) -> dict[str, Any]:
    meta = {"uid": uid, "namespace": "ns", "name": uid, "resourceVersion": str(version)}
    return {"metadata": meta, "spec": {}}


@dataclass
class Lists:
    """An API server that answers each list with the next of these, and then with the last."""

    answers: list[list[dict[str, Any]] | KubeError]
    times_s: list[float] = field(default_factory=list)
    # What a list without the selector shows.
    everything: list[dict[str, Any]] = field(default_factory=list)

    version: int = 1

    async def list_at(self, _plural: str, scope: WatchScope, read: Any) -> tuple[list[Any], int]:
        if self.everything and not scope.selector:
            return [read(found) for found in self.everything], self.version
        self.times_s.append(asyncio.get_running_loop().time())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, KubeError):
            raise answer
        versions = [int(found["metadata"]["resourceVersion"]) for found in answer]
        return [read(found) for found in answer], max(versions, default=self.version)

    async def list(self, plural: str, scope: WatchScope, read: Any) -> list[Any]:
        return (await self.list_at(plural, scope, read))[0]


@dataclass
class Kept:
    """A store that keeps what the reflector passes to it."""

    resources: dict[str, JobResource] = field(default_factory=dict)
    gone_s: dict[str, float] = field(default_factory=dict)
    went_back: int = 0
    unselected: list[str] = field(default_factory=list)

    plural: str = JobResource.plural

    def read(self, found: dict[str, Any]) -> JobResource:
        return resource_of(found)

    def get(self, uid: str) -> JobResource | None:
        return self.resources.get(uid)

    def keys(self) -> set[str]:
        return set(self.resources)

    def on_history_back(self) -> None:
        self.went_back += 1
        self.resources = {uid: held.as_oldest() for uid, held in self.resources.items()}

    def on_unselected(self, uid: str) -> None:
        del self.resources[uid]
        self.unselected.append(uid)

    async def on_list(self, resources: Collection[JobResource], gone: Collection[str]) -> None:
        self.resources |= {resource.uid: resource for resource in resources}
        for uid in gone:
            del self.resources[uid]
            self.gone_s[uid] = asyncio.get_running_loop().time()


async def _nothing() -> None:
    """Nothing is listed after the stores."""


def reflect(
    lists: Lists, store: Kept, for_s: float = 10 * PERIOD_S, config: Config = CONFIG
) -> Reflector:
    outside, health = cast("Any", lists), ReplicaHealth()
    reflector = Reflector(config, outside, OperatorMetrics(), health, [store], _nothing)

    async def for_a_while() -> None:
        running = asyncio.create_task(reflector.run())
        await asyncio.sleep(for_s)
        running.cancel()

    run(for_a_while())
    return reflector


def test_reflector__missing_from_one_list__is_not_gone() -> None:
    both = [body("a"), body("b")]
    store = Kept()
    reflect(Lists([both, [body("a")], both]), store)
    assert (set(store.resources), store.gone_s) == ({"a", "b"}, {})


def test_reflector__missing_for_two_periods__is_gone() -> None:
    store = Kept()
    lists = Lists([[body("a"), body("b")], [body("a")]])
    reflect(lists, store)
    assert set(store.resources) == {"a"}
    assert store.gone_s["b"] - lists.times_s[1] >= 2 * PERIOD_S


@pytest.mark.parametrize("replica", ["w-0", "w-1", "w-2", "w-3", "w-4", "w-5", "w-6", "w-7"])
def test_reflector__deletion_that_only_lists_find__is_seen_within_ten_periods(replica: str) -> None:
    """docs/kubernetes.md promises it; the lists are rare by then."""
    store, there = Kept(), [body("a")]
    lists = Lists([there, there, there, there, []])
    reflect(lists, store, 30 * PERIOD_S, config=replace(CONFIG, replica=replica))
    assert store.gone_s["a"] - lists.times_s[3] <= 10 * PERIOD_S


def test_reflector__known_before_the_first_list__can_be_gone() -> None:
    store = Kept({"job": resource_of(body("job"))})
    reflect(Lists([[]]), store)
    assert set(store.gone_s) == {"job"}


def test_reflector__failed_list__retries_and_removes_nothing() -> None:
    store = Kept({"a": resource_of(body("a"))})
    lists = Lists([KubeError("503"), KubeError("503"), [body("a")]])
    reflector = reflect(lists, store, 2.5 * RETRY_LIST_S)
    assert len(lists.times_s) == 3
    assert reflector.metrics.errors["kubernetes"] == 2
    assert (reflector.replica_health.lists_failing, store.gone_s) == ("", {})


def test_reflector__unchanged_version__is_not_parsed_again() -> None:
    old = {uid: resource_of(body(uid)) for uid in ("a", "b")}
    store = Kept(dict(old))
    reflect(Lists([[body("a"), body("b", 2)]]), store, 1)
    assert store.resources["a"] is old["a"]
    assert store.resources["b"].resource_version == "2"


def test_reflector__api_server_went_back__lists_and_parses_again() -> None:
    """After a restore, a cached version may be that of another content."""
    store = Kept()
    changed = {**body("a", 5), "spec": {"cancel": True}}
    reflect(Lists([[body("a", 5), body("b", 9)], [changed], [changed]]), store, 2 * PERIOD_S)
    assert store.went_back == 1
    assert store.resources["a"].spec == {"cancel": True}


def test_reflector__label_removed__is_unselected_not_gone() -> None:
    store = Kept({uid: resource_of(body(uid)) for uid in ("left", "gone", "mine")})
    lists = Lists([[body("mine")]], everything=[body("left"), body("mine"), body("other")])
    scope = WatchScope(("ns",), parse_selector("team=a"))
    reflect(lists, store, config=replace(CONFIG, scope=scope))
    assert (set(store.gone_s), store.unselected) == ({"gone"}, ["left"])
