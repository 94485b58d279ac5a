"""The rows of a publisher's cycle of frames: which subject and which payload each has."""

import numpy as np

from njst.contract.plan import ClientPlan, PublishPlan
from njst.load.payload import bodies
from njst.load.subjects import draw, expand
from njst.load.wire.frames import Row
from njst.load.wire.rows import Template, publish_row, scheduled_row

# A cycle is so long that payloads and subjects do not repeat soon, and so short that it fits into
# a processor's cache levels: a message is copied out of it once.
CYCLE_BYTES = 2 * 1024 * 1024
CYCLE_ROWS = 2048
# So many clients of a process have whole cycles; more of them share the room of these.
WHOLE_CYCLES = 16


def publish_rows(
    plan: ClientPlan, template: Template
) -> tuple[list[Row], "np.ndarray[tuple[int], np.dtype[np.int64]] | int"]:
    """Return a cycle of rows, and the payload sizes: one for all, or one for each."""
    publish = plan.publish
    assert publish is not None
    subjects, order = subjects_of_rows(plan)
    rows = len(order)
    payloads = bodies(publish.payload, rows, plan.index)
    backs = ids_back(publish.duplicate_percent, rows)
    row_of = scheduled_row if publish.delay_ms else publish_row
    made = [
        row_of(
            template,
            subjects[order[row]],
            payloads[row],
            id_back=backs[row],
        )
        for row in range(rows)
    ]
    sizes = {len(payload) for payload in payloads}
    if len(sizes) == 1:
        return made, sizes.pop()
    return made, np.array([len(payload) for payload in payloads], dtype=np.int64)


def ids_back(percent: int, rows: int) -> list[int]:
    """Return how far before each row the one is whose id it carries; 0 for an id of its own.

    Duplicates are spread evenly: a row is one when the running share passes a whole number. One
    that follows another carries the same id: that of the row before is nobody's own.
    """
    backs = [0]
    for row in range(1, rows):
        is_duplicate = (row + 1) * percent // 100 > row * percent // 100
        backs.append(backs[-1] + 1 if is_duplicate else 0)
    return backs


def subjects_of_rows(plan: ClientPlan) -> tuple[list[str], list[int]]:
    """Return the subjects, and for each row of a cycle which of them it has."""
    publish = plan.publish
    assert publish is not None
    subjects = expand(publish.subjects, publish.subject_count)
    rows = cycle_length(publish, len(subjects), plan.siblings)
    return subjects, draw(publish.subject_order, len(subjects), rows, plan.index)


def cycle_length(publish: PublishPlan, subjects: int, siblings: int = 1) -> int:
    """Return how many rows: all subjects equally often, and 100 for the share of duplicates.

    Payloads from a file are all there, equally often; then subjects may not be.
    """
    mean = (publish.payload.bytes_min + publish.payload.bytes_max) // 2 + 100
    rows = min(CYCLE_ROWS, CYCLE_BYTES // mean)
    rows = max(1, rows * WHOLE_CYCLES // max(WHOLE_CYCLES, siblings))
    step = 100 if publish.duplicate_percent else 1
    if publish.payload.file:
        variants = publish.payload.variants
        return -(-max(rows, step, subjects) // variants) * variants
    if subjects > 1:
        step *= subjects
    return max(step, rows // step * step)
