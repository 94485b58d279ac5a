"""Retries at the start what a program cannot work without, and reports what it waits for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import isfinite
from typing import TypeVar

log = logging.getLogger(__name__)

AGAIN_S = 1.0
Made = TypeVar("Made")


@dataclass
class StartupRetry:
    """Retries for `wait_s` seconds (inf: for ever), or until `stopped` says so.

    `told` is called with the error of each failed attempt; repetitions are not logged.
    """

    wait_s: float
    told: Callable[[str], None]
    stopped: Callable[[], bool]

    async def until_made(
        self, make: Callable[[], Awaitable[Made]], *failures: type[Exception]
    ) -> Made:
        """Call `make` until it succeeds, and return its result.

        Raises:
            failures: `make` still raises one of them when the time is over or a stop is requested.
        """
        give_up_s = _now_s() + self.wait_s
        last = ""
        while True:
            try:
                return await make()
            except failures as error:
                self.told(str(error))
                if self.stopped() or _now_s() >= give_up_s:
                    raise
                if str(error) != last:
                    last = str(error)
                    left_s = give_up_s - _now_s()
                    how_long = f" for {left_s:.0f} s" if isfinite(left_s) else ""
                    log.warning("%s; trying again%s", last, how_long)
                await asyncio.sleep(AGAIN_S)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
