"""The shape of a workload over time: an offered rate in stages."""

from enum import StrEnum

from pydantic import Field

from njst.contract.fields import MOST_RUN_SECONDS
from njst.contract.model import Model


class Ramp(StrEnum):
    """How a stage comes to its rate."""

    LINEAR = "Linear"
    STEP = "Step"


class Stage(Model):
    """A part of a workload's time, and the rate that it comes to."""

    duration_seconds: int = Field(ge=1, le=MOST_RUN_SECONDS, description="Duration of the stage.")
    messages_per_second: int = Field(
        ge=0, le=100_000_000, description="Offered rate of all workers together; 0 is a pause."
    )
    ramp: Ramp = Field(
        Ramp.LINEAR,
        description="Linear: the rate changes linearly from that of the previous stage, at first"
        " from zero, and is reached at the end. Step: it changes at once.",
    )
