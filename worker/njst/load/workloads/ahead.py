"""How many requests lie ready before it is known when they leave."""

from njst.contract.plan import ClientPlan

# What those of all clients of a process may take, in bytes.
_ROOM_BYTES = 32 * 1024 * 1024


def ahead(most: int, plan: ClientPlan, frame_bytes: int) -> int:
    """Return how many requests of so many bytes a client keeps ready: at most `most`."""
    return min(most, _ROOM_BYTES // plan.siblings // frame_bytes)
