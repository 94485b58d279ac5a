"""Phase, reason, message and conditions of a resource that the job log may not have; pure.

kstatus (Flux, Helm) sees Reconciling, Stalled and Ready; `kubectl wait` uses Finished, which is
True at every end, and Succeeded, which is the verdict.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from njst_operator.controllers.resource.log_resource import ACCEPTED_UID, LogResource
from njst_operator.kube.conditions import FALSE, TRUE, UNKNOWN, DesiredCondition


@dataclass(frozen=True)
class PhaseStatus:
    """A phase with its reason and message, and the conditions that go with it."""

    phase: str
    reason: str
    message: str
    conditions: tuple[DesiredCondition, ...]


# A condition's status and message, by its type: what holds unless a case says otherwise.
Conditions = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Phases:
    """The phases of one kind; each case that kinds have in common is one method here.

    `noun` is what a resource of the kind is in a sentence, `accepted` the reason of the condition
    Accepted once it is True, and `types` are the conditions of every status, in their order.
    """

    noun: str
    accepted: str
    types: tuple[str, ...]

    @property
    def running(self) -> Conditions:
        """What holds until the end."""
        return {
            "WorkersReady": (UNKNOWN, f"workers are chosen when the {self.noun} is accepted"),
            "Finished": (FALSE, f"the {self.noun} is not over"),
            "Succeeded": (UNKNOWN, "the verdict comes at the end"),
            "Suspended": (FALSE, f"spec.suspend does not hold the {self.noun}"),
            "Stalled": (FALSE, "nothing has to be mended"),
            "Ready": (UNKNOWN, f"known when the {self.noun} is over"),
        }

    @property
    def over(self) -> Conditions:
        """What holds after the end."""
        return {
            "Suspended": self.running["Suspended"],
            "Reconciling": (FALSE, "njst has nothing more to do for it"),
            "Stalled": self.running["Stalled"],
        }

    def status(
        self, phase: str, reason: str, message: str, usual: Conditions, **special: tuple[str, str]
    ) -> PhaseStatus:
        """Return a status with the usual conditions, but for the special ones.

        Accepted, once it is True, keeps its reason, whatever comes afterwards.
        """
        found = {**usual, **special}
        conditions = tuple(
            DesiredCondition(
                kind,
                found[kind][0],
                self.accepted if (kind, found[kind][0]) == ("Accepted", TRUE) else reason,
                found[kind][1],
            )
            for kind in self.types
        )
        return PhaseStatus(phase, reason, message, conditions)

    def waiting(self, reason: str, message: str) -> PhaseStatus:
        """Not in the log yet, and njst will try again."""
        return self.status(
            "Pending",
            reason,
            message,
            self.running,
            Accepted=(FALSE, f"the {self.noun} is not in the job log yet"),
            Reconciling=(TRUE, f"njst tries again: {message}"),
        )

    def suspended(self) -> PhaseStatus:
        """Not in the log until suspend is false."""
        return self._held("Suspended", f"set spec.suspend to false to start the {self.noun}")

    def restored(self, resource: LogResource[Any]) -> PhaseStatus:
        """Not in the log until a person removes the annotation of what it once was."""
        where = f"{resource.kind.lower()} {resource.name} --namespace {resource.namespace}"
        return self._held(
            "Restored",
            f"to run it: kubectl annotate {where} {ACCEPTED_UID}-; it is a copy, or was"
            f" restored from a backup, of one that was accepted as {resource.copied_from_uid}",
        )

    def _held(self, reason: str, message: str) -> PhaseStatus:
        return self.status(
            "Suspended",
            reason,
            message,
            self.running,
            Accepted=(FALSE, f"a suspended {self.noun} is not submitted"),
            Suspended=(TRUE, message),
            Reconciling=(FALSE, "njst waits until it is no longer suspended"),
            # It is as its spec wants it: a rollout that waits for Ready need not wait for this.
            Ready=(TRUE, "it is suspended, as its spec wants it"),
        )

    def never_ran(self, phase: str, reason: str, message: str) -> PhaseStatus:
        """Over before it began, or its result is lost."""
        return self.status(
            phase,
            reason,
            message,
            self.over,
            Accepted=(FALSE, f"there is no {self.noun} of this resource in the job log"),
            WorkersReady=(FALSE, "no worker has it"),
            Finished=(TRUE, f"it is over: {phase}"),
            Succeeded=(FALSE, "there is no result"),
            Stalled=(TRUE, message),
            Ready=(FALSE, "it did not succeed"),
        )

    def ended(
        self,
        phase: str,
        reason: str,
        message: str,
        *,
        passed: bool,
        healthy: bool,
        **special: tuple[str, str],
    ) -> PhaseStatus:
        """Over with a result; `healthy`: that is fine with its owner, see `verdictPolicy`."""
        not_ready = "it did not succeed"
        ready = "it succeeded" if passed else f"{not_ready}, and verdictPolicy is Report"
        if not healthy:
            special["Stalled"] = (TRUE, f"{not_ready}: {message}")
        return self.status(
            phase,
            reason,
            message,
            self.over,
            Finished=(TRUE, f"it is over: {phase}"),
            Succeeded=(TRUE if passed else FALSE, message),
            Ready=(TRUE, ready) if healthy else (FALSE, not_ready),
            **special,
        )
