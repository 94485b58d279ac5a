"""The frames of core messages and requests: one subject, or many below it."""

from njst.contract.kinds.core import CorePlan
from njst.contract.payload import PayloadPlan
from njst.contract.plan import ClientPlan
from njst.load.kinds.publish.publish_rows import WHOLE_CYCLES, prebuilt_room
from njst.load.protocol import stamp
from njst.load.requests.codec import CHUNK_BYTES
from njst.load.templates.frame_cycle import FrameCycle
from njst.load.templates.frame_layout import FrameSettings, publish_row
from njst.load.templates.open_frames import OPEN_SUBJECT, OpenFrames
from njst.load.templates.payloads import bodies
from njst.load.templates.subjects import ManySubjects, draw, draw_many, expand, most_drawn

CYCLE_ROWS = 1024


def core_cycle(plan: ClientPlan, core: CorePlan, inbox: str, job: str) -> FrameCycle:
    """Return the messages of a client, ready but for their stamps.

    A frame of each subject is prebuilt if there is room for them; else each message gets its
    subject when it leaves.
    """
    settings = FrameSettings(
        inbox=inbox,
        job=stamp.job_code(job),
        producer=stamp.producer_code(plan.number, plan.index),
    )
    size = PayloadPlan(bytes_min=core.payload_bytes, bytes_max=core.payload_bytes)
    rows = min(CYCLE_ROWS, 8 * CHUNK_BYTES // (core.payload_bytes + 64))
    rows = max(1, rows * WHOLE_CYCLES // max(WHOLE_CYCLES, plan.siblings))
    count, order, first = core.subject_count, core.subject_order, core.first_subject
    # All subjects equally often.
    whole = max(1, rows // count) * count
    if whole > max(rows, prebuilt_room(plan.siblings, core.payload_bytes)):
        number = draw_many(order, count, most_drawn(plan.siblings), plan.index, first)
        subject = ManySubjects([core.subject], count, number).name
        blank = [publish_row(settings, OPEN_SUBJECT, b) for b in bodies(size, rows, plan.index)]
        return OpenFrames(blank, subject)
    subjects = expand([core.subject], count)
    numbers = draw(order, count, whole, plan.index, first)
    payloads = bodies(size, whole, plan.index)
    return FrameCycle(
        [
            publish_row(settings, subjects[number], body)
            for number, body in zip(numbers, payloads, strict=True)
        ]
    )
