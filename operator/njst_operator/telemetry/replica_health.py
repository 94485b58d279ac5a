"""Whether watch, list and job log are up to date; pure: times are given, in loop time.

kopf does not tell whether its watch still works. So each list is compared with what the watch has
delivered: how long ago a version was listed that the watch has not delivered is how far the watch
is behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# A replica is not ready if its watch is further behind.
READY_BEHIND_S = 30.0


@dataclass
class ReplicaHealth:
    """What this replica has seen, and when."""

    listed_s: float | None = None
    # Why the last list failed; empty if it did not.
    lists_failing: str = ""
    # Why the API server refuses the operator's login, or that of its watches.
    login_trouble: str = ""
    watch_login_trouble: str = ""
    # Why there is no watch now; empty while there is one.
    watch_trouble: str = ""
    # The watch was stopped, and has not ended.
    watch_hangs: bool = False
    nats_connected: bool = True
    nats_heard_s: float | None = None
    # Why the last attempt to reconnect failed, if that is known.
    nats_trouble: str = ""
    nats_closed: bool = False
    # The highest resourceVersion that was seen.
    highest: int = 0
    _delivered: dict[str, int] = field(default_factory=dict)
    # Versions that were listed and not delivered yet, each with the time of the list.
    _awaited: dict[str, tuple[int, float]] = field(default_factory=dict)

    def delivered(self, uid: str, version: str) -> None:
        """Record a version that the watch has delivered."""
        self._delivered[uid] = int(version)
        self.at_version(int(version))
        awaited = self._awaited.get(uid)
        if awaited is not None and awaited[0] <= int(version):
            del self._awaited[uid]

    def at_version(self, version: int) -> None:
        """Record a version that the API server has had."""
        self.highest = max(self.highest, version)

    def history_back(self) -> None:
        """Forget all versions: the API server went back to an earlier one."""
        self.highest = 0
        self._delivered.clear()
        self._awaited.clear()

    def nats(self, connected: bool, now_s: float) -> None:
        """Record whether the control NATS is connected now."""
        self.nats_connected = connected
        if connected:
            self.nats_heard_s = now_s

    def silent_s(self, now_s: float) -> float:
        """Return for how long the control NATS has not been connected; 0 when it is."""
        if self.nats_connected or self.nats_heard_s is None:
            return 0.0
        return now_s - self.nats_heard_s

    def removed(self, uid: str) -> None:
        """Forget a resource that is gone."""
        self._delivered.pop(uid, None)
        self._awaited.pop(uid, None)

    def listed(self, versions: Mapping[str, str], now_s: float) -> None:
        """Record a whole list: resourceVersions by uid."""
        self.listed_s = now_s
        self.lists_failing = ""
        self._awaited = {
            uid: self._awaited.get(uid, (int(version), now_s))
            for uid, version in versions.items()
            if int(version) > self._delivered.get(uid, 0)
        }

    def watch_login(self, trouble: str) -> None:
        """Record why the watches have no login; empty if they have one."""
        self.watch_login_trouble = trouble

    def list_failed(self, message: str) -> None:
        """Record that a list failed, and why."""
        self.lists_failing = message

    def behind_s(self, now_s: float) -> float:
        """Return for how long the watch has not delivered a listed version; 0 if it has all."""
        return max((now_s - since_s for _, since_s in self._awaited.values()), default=0.0)

    def list_age_s(self, now_s: float) -> float | None:
        """Return the age of the last list; None before the first."""
        return None if self.listed_s is None else now_s - self.listed_s

    def not_live(self, _: float) -> str | None:
        """Return the problem that only a restart can solve, or None."""
        if self.nats_closed:
            return "the connection to the control NATS is closed for good"
        if self.watch_hangs:
            return "the watch hangs"
        return None

    def not_ready(self, now_s: float) -> str | None:
        """Return why this replica cannot work now, or None."""
        return next((message for _, message in self.checks(now_s) if message is not None), None)

    def checks(self, now_s: float) -> list[tuple[str, str | None]]:
        """Return all checks: the name of each, and its problem or None."""
        return [
            ("nats", self._nats_problem()),
            ("login", self._login_problem()),
            ("list", self._list_problem()),
            ("watch", self._watch_problem(now_s)),
            ("live", self.not_live(now_s)),
        ]

    def _nats_problem(self) -> str | None:
        if self.nats_connected:
            return None
        return f"the control NATS does not answer{_because(self.nats_trouble)}"

    def _login_problem(self) -> str | None:
        login = self.login_trouble or self.watch_login_trouble
        return f"the API server does not take the operator's login: {login}" if login else None

    def _list_problem(self) -> str | None:
        if self.lists_failing:
            return f"the resources cannot be listed{_because(self.lists_failing)}"
        return "the resources have not been listed yet" if self.listed_s is None else None

    def _watch_problem(self, now_s: float) -> str | None:
        if self.watch_trouble:
            return f"the resources cannot be watched{_because(self.watch_trouble)}"
        if self.behind_s(now_s) > READY_BEHIND_S:
            return f"the watch is {self.behind_s(now_s):.0f} s behind"
        return None


def _because(message: str) -> str:
    return f": {message}" if message else ""
