"""The rows of a publisher's cycle of frames: the subject and the payload of each."""

from collections.abc import Callable, Sequence
from math import gcd
from typing import NamedTuple

import numpy as np

from njst.contract.kinds.publish import PublishMode, PublishPlan
from njst.contract.plan import ClientPlan
from njst.load.templates.frame_cycle import FrameCycle, FrameRow
from njst.load.templates.frame_layout import FrameSettings, publish_row, scheduled_row
from njst.load.templates.open_frames import OPEN_SUBJECT, OpenFrames, OpenSchedules
from njst.load.templates.payloads import bodies, read_payloads
from njst.load.templates.subjects import ManySubjects, draw, draw_many, expand, most_drawn

# Long enough for payloads and subjects not to repeat soon, short enough for a processor's caches:
# each message is copied out of the cycle once.
CYCLE_BYTES = 2 * 1024 * 1024
CYCLE_ROWS = 2048
# Clients of a process that have whole cycles; more clients share the room of these.
WHOLE_CYCLES = 16
# Memory of the prebuilt frames of many subjects, of all clients of a process together; besides its
# payload a frame takes 1 KB.
PREBUILT_BYTES = 64 * 1024 * 1024
_FRAME_BYTES = 1024


class PublishRows(NamedTuple):
    """A cycle of rows.

    `sizes` are payload bytes: one for all, or those of the messages of a cycle; `frame_bytes` is
    the mean length of a frame on the wire.
    """

    rows: list[FrameRow]
    sizes: "np.ndarray[tuple[int], np.dtype[np.int64]] | int"
    frame_bytes: int


def publish_rows(plan: ClientPlan, settings: FrameSettings) -> PublishRows:
    """Return the rows of a client's frames with their sizes."""
    publish = plan.publish
    assert publish is not None
    if are_many(plan):
        subjects, order = [OPEN_SUBJECT], [0] * cycle_length(publish, 1, plan.siblings)
    else:
        subjects, order = subjects_of_rows(plan)
    rows = len(order)
    has_many = has_many_payloads(plan)
    payloads = [b""] * rows if has_many else bodies(publish.payload, rows, plan.index)
    backs = ids_back(publish.duplicate_percent, rows)
    row_of = scheduled_row if publish.delay_ms else publish_row
    made = [
        row_of(
            settings,
            subjects[order[row]],
            payloads[row],
            id_back=backs[row],
        )
        for row in range(rows)
    ]
    sizes = [len(payload) for payload in (_from_file(plan) if has_many else payloads)]
    frame_bytes = sum(len(row.frame) for row in made) // rows
    if has_many:
        frame_bytes += _mean_bytes(publish)
    if len(set(sizes)) == 1:
        return PublishRows(made, sizes[0], frame_bytes)
    return PublishRows(made, np.array(sizes, dtype=np.int64), frame_bytes)


def frames_of(
    plan: ClientPlan,
    rows: Sequence[FrameRow],
    *,
    id_step: int = 1,
    decimal: bool = False,
    turns: int = 0,
) -> FrameCycle:
    """Return the frames of a client's rows."""
    subject = many_subjects(plan).name if are_many(plan) else None
    body = _body_of(_from_file(plan)) if has_many_payloads(plan) else None
    if subject is None and body is None:
        return FrameCycle(rows, id_step=id_step, decimal=decimal, turns=turns)
    assert plan.publish is not None
    frames = OpenSchedules if plan.publish.delay_ms else OpenFrames
    return frames(rows, subject, body, id_step=id_step, decimal=decimal, turns=turns)


def are_many(plan: ClientPlan) -> bool:
    """Whether a client has too many subjects to prebuild a frame of each."""
    publish = plan.publish
    assert publish is not None
    count = len(publish.subjects) * publish.subject_count
    if publish.mode is PublishMode.ATOMIC_BATCH:
        return count > batch_rows(plan)
    rows, rows_of_one = (cycle_length(publish, of, plan.siblings) for of in (count, 1))
    return rows > max(_room(publish, plan.siblings), rows_of_one)


def has_many_payloads(plan: ClientPlan) -> bool:
    """Whether a client's file has too many payloads to prebuild a frame of each."""
    publish = plan.publish
    assert publish is not None
    return not _have_payloads_room(publish, plan.siblings)


def _have_payloads_room(publish: PublishPlan, siblings: int) -> bool:
    """Whether a frame of each payload may be prebuilt; of a single one it always may."""
    return publish.payload.variants <= max(1, _room(publish, siblings))


def prebuilt_room(siblings: int, payload_bytes: int) -> int:
    """Return how many frames with such payloads each of a process's clients may prebuild."""
    return PREBUILT_BYTES // (siblings * (_FRAME_BYTES + payload_bytes))


def _room(publish: PublishPlan, siblings: int) -> int:
    """Return how many frames of a client may be prebuilt."""
    return prebuilt_room(siblings, _mean_bytes(publish))


def _from_file(plan: ClientPlan) -> Sequence[bytes]:
    assert plan.publish is not None
    payload = plan.publish.payload
    return read_payloads(payload.file, lines=payload.lines)


def _body_of(payloads: Sequence[bytes]) -> Callable[[int], bytes]:
    return lambda message: payloads[message % len(payloads)]


def batch_rows(plan: ClientPlan) -> int:
    """Return how many rows of whole batches are prebuilt, for any number of subjects."""
    publish = plan.publish
    assert publish is not None
    mean = _mean_bytes(publish) + 200
    room = min(CYCLE_ROWS, CYCLE_BYTES // (mean * plan.siblings))
    return max(1, room // publish.batch) * publish.batch


def many_subjects(plan: ClientPlan) -> ManySubjects:
    """Return the subjects of a client that has many."""
    publish = plan.publish
    assert publish is not None
    stems, count = publish.subjects, publish.subject_count
    order, first = publish.subject_order, publish.first_subject
    number = draw_many(order, len(stems) * count, most_drawn(plan.siblings), plan.index, first)
    return ManySubjects(stems, count, number)


def ids_back(percent: int, rows: int) -> list[int]:
    """Return how far before each row the one is whose id it carries; 0 for an id of its own.

    Duplicates are spread evenly: a row is one when the running share passes a whole number. A
    duplicate that follows another carries the same id as that one.
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
    first = publish.first_subject
    return subjects, draw(publish.subject_order, len(subjects), rows, plan.index, first)


def subject_numbers(plan: ClientPlan) -> Callable[[int], int]:
    """Return a function from message number to the number of its subject."""
    if are_many(plan):
        return many_subjects(plan).number
    _, order = subjects_of_rows(plan)
    return lambda message: order[message % len(order)]


def cycle_length(publish: PublishPlan, subjects: int, siblings: int = 1) -> int:
    """Return how many rows: all subjects equally often, with the exact share of duplicates.

    Payloads from a file occur equally often; then subjects may not. If there are too many to
    prebuild, they are written into each frame and do not matter here.
    """
    rows = min(CYCLE_ROWS, CYCLE_BYTES // (_mean_bytes(publish) + 100))
    rows = max(1, rows * WHOLE_CYCLES // max(WHOLE_CYCLES, siblings))
    # The share of duplicates is a whole number of rows after each step: 1 without duplicates.
    step = 100 // gcd(100, publish.duplicate_percent)
    if publish.payload.file and _have_payloads_room(publish, siblings):
        variants = publish.payload.variants
        return -(-max(rows, step, subjects) // variants) * variants
    if subjects > 1:
        step *= subjects
    return max(step, rows // step * step)


def _mean_bytes(publish: PublishPlan) -> int:
    return (publish.payload.bytes_min + publish.payload.bytes_max) // 2
