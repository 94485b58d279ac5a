"""A job of a thousand workers: its report is larger than a message, and every worker has it whole.

Two of the workers are real; what the others would have said is written into the log.
"""

import asyncio
from collections.abc import Callable

from njst.contract.connection import Connection
from njst.contract.events import Created, Finished, Origin, OriginKind, Payload, Ready
from njst.contract.names.mesh import EventName
from njst.contract.names.mesh import Mesh as Names
from njst.contract.parsing.document import parse_spec
from njst.contract.results.outcome import Outcome
from njst.contract.results.tallies import WorkloadTally
from njst.journal.nats.control_connection import connect
from njst.journal.nats.job_log import JetStreamLog
from njst.journal.state.rendezvous import rank
from tests.nats.mesh.mesh import Mesh

WORKERS, MESSAGES = 1000, 10_000
SPEC = parse_spec(
    {
        "workloads": [
            {
                "name": "w",
                "messages": MESSAGES,
                "core": {"operation": "Publish", "subject": "large"},
            }
        ]
    }
)


async def test_every_worker_has_the_whole_report_as_long_as_it_is_kept(
    start_mesh: Callable[..., Mesh],
) -> None:
    mesh = start_mesh()
    members = mesh.http.get(f"{mesh.workers[0].url}/api/v1/cluster").json()["members"]
    real = [member["worker"] for member in members]
    paper = [f"paper-{number:04}" for number in range(WORKERS - len(real))]
    everybody = sorted([*real, *paper])
    # Of the real ones somebody has the first turn.
    names = (f"large-{number}" for number in range(100_000))
    job = next(name for name in names if any(rank(name, w, everybody) == 0 for w in real))
    client = await connect(Connection(servers=[mesh.nats.url]))
    log = JetStreamLog(client, Names("default"))

    async def all_say(payload: Payload, event: str) -> None:
        for first in range(0, len(paper), 100):
            names = [EventName(job, event, worker) for worker in paper[first : first + 100]]
            await asyncio.gather(*(log.append(name, payload) for name in names))

    try:
        created = Created(spec=SPEC, participants=everybody, origin=Origin(kind=OriginKind.HTTP))
        await log.append(EventName(job, "created"), created)
        await all_say(Ready(), "ready")
        mesh.wait(job, lambda document: document["phase"] == "Running")
        tally = WorkloadTally(workload="w", planned=10, attempted=10, messages=10, elapsed_us=9)
        finished = Finished(outcome=Outcome.COMPLETED, workloads=[tally])
        await all_say(finished, "finished")
        documents = [mesh.wait_ended(job, number) for number in range(3)]
        assert {document["phase"] for document in documents} == {"Succeeded"}, documents[0]
        reports = [mesh.report(job, number) for number in range(3)]
        assert reports[0] == reports[1] == reports[2]
        done = [w["workloads"][0]["messages"] for w in reports[0]["workers"]]
        assert (len(done), sum(done)) == (WORKERS, MESSAGES)
        assert reports[0]["omitted"] == ""
        event = await client.jetstream().get_last_msg(
            "NJST_default_LOG", Names("default").event(EventName(job, "ended"))
        )
        assert len(event.data or b"") < 300_000
        await client.jetstream().delete_stream("OBJ_NJST_default_REPORTS")
        rest = mesh.report(job)
        assert rest["omitted"].startswith("what each worker did; the whole cannot be had: ")
        assert (rest["verdict"], rest["workloads"][0]["messages"]) == ("Valid", MESSAGES)
    finally:
        await client.close()
