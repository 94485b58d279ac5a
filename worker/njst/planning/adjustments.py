"""Collects which defaults of a job were lowered to what its target allows."""

from njst.contract.results.preparation import MOST_WORDS, Adjustment

# A job has at most a few per workload.
_MOST = 32


class Adjustments:
    """The adjustments of one participant: the last one of each field of a workload counts."""

    def __init__(self) -> None:
        self._by_place: dict[tuple[str, str], Adjustment] = {}

    def note(self, workload: str, field: str, value: object, why: str) -> None:
        """Note what is taken for a field of a workload, and why the default is not."""
        self._by_place[workload, field] = Adjustment(
            workload=workload, field=field, value=str(value)[:MOST_WORDS], why=why[:MOST_WORDS]
        )

    def all(self) -> list[Adjustment]:
        """Return them in the order in which they were noted first; of many, the first ones."""
        return list(self._by_place.values())[:_MOST]
