"""A search for the highest offered rate that a target sustains.

The method is a search with two bounds, as in MLRsearch (RFC draft-ietf-bmwg-mlrsearch): rates that
hold bound it from below, rates that are rejected bound it from above.
"""

from typing import ClassVar

from pydantic import Field

from njst.contract.model import Model, Rule

# A file store syncs at this interval by default (sync_interval of nats-server), and what it wrote
# before the first sync cost it less than it will.
SYNC_INTERVAL_SECONDS = 120
MAX_RATE = 1_000_000_000


class Search(Model):
    """How to find the highest rate; rates are sums over all workloads with messagesPerSecond.

    Each trial scales all of these rates by one factor, so a mixed load keeps its proportions.
    """

    from_messages_per_second: int | None = Field(
        None,
        ge=1,
        le=MAX_RATE,
        description="Lowest rate to try, which the target must sustain with ease: between trials"
        " it shows whether the target has recovered. Left out: the rate of the template.",
    )
    to_messages_per_second: int = Field(
        MAX_RATE, ge=1, le=MAX_RATE, description="Highest rate to try."
    )
    precision_percent: int = Field(
        5,
        ge=1,
        le=50,
        description="The search ends when the lowest rejected rate is at most this much above the"
        " highest sustained one.",
    )
    warmup_seconds: int = Field(
        5, ge=0, le=3600, description="Time before the measured window of each trial."
    )
    trial_seconds: int = Field(10, ge=5, le=3600, description="Measured window of a short trial.")
    probe: bool = Field(
        False,
        description="True: the first trial sends as fast as it can, to begin near the highest"
        " rate. Its result is a guess and bounds nothing.",
    )
    recovery_seconds: int = Field(
        5,
        ge=0,
        le=3600,
        description="Measured window of the trial at the lowest rate after each rejected one: its"
        " latency must be back where it was at first. 0: the target gets no such trials.",
    )
    confirmations: int = Field(
        3,
        ge=1,
        le=20,
        description="Number of longer trials that confirm the highest sustained rate. All must"
        " hold. Of three or more one may be breached, but by no lost message; then two more must"
        " hold.",
    )
    confirmation_seconds: int = Field(
        60, ge=5, le=82_800, description="Measured window of each of these trials."
    )
    long_confirmation_seconds: int | None = Field(
        None,
        ge=5,
        le=82_800,
        description="Measured window of the first of these trials, which must hold. Over"
        f" {SYNC_INTERVAL_SECONDS}, a file store with the default interval has synced in it. Left"
        " out: as long as the others.",
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="!has(self.fromMessagesPerSecond) ||"
            " self.fromMessagesPerSecond <= self.toMessagesPerSecond",
            message="fromMessagesPerSecond must not be above toMessagesPerSecond",
            holds=lambda self: (
                self.from_messages_per_second is None
                or self.from_messages_per_second <= self.to_messages_per_second
            ),
        ),
    )

    @property
    def longest_seconds(self) -> int:
        """The length of the longest trial, with its warm-up."""
        windows = (
            self.trial_seconds,
            self.recovery_seconds,
            self.confirmation_seconds,
            self.long_confirmation_seconds or 0,
        )
        return self.warmup_seconds + max(windows)
