"""The reports of an experiment: when they can be had, and that they have its document."""

import httpx
import pytest

from njst.contract.events import Concluded, TrialEnded
from njst.contract.names.mesh import EventName
from njst.contract.results.report import Verdict
from njst.contract.results.trial import TrialJudgement, TrialPlan, TrialPurpose, TrialResult
from njst.report.experiments.experiment_exports import EXPERIMENT_EXPORTS
from tests.unit.api.documents import fields, problem
from tests.unit.api.fakes import Mesh
from tests.unit.contract.parsing.bad_experiments import good_search
from tests.unit.web.test_html_report import data_in

EXPERIMENTS = "/api/v1/experiments"
REPORTS = ["report.html", *(f"report.{one.suffix}" for one in EXPERIMENT_EXPORTS.values())]


async def with_trial(mesh: Mesh, http: httpx.AsyncClient) -> str:
    """Submit a search whose first trial held at 400 messages per second."""
    experiment: str = (await http.post(EXPERIMENTS, json=good_search())).json()["id"]
    plan = TrialPlan(
        number=0, purpose=TrialPurpose.CLIMB, messages_per_second=400, window_seconds=10
    )
    held = TrialJudgement.HELD
    result = TrialResult(plan=plan, job=f"{experiment}-t0", judgement=held, reason="Held")
    name = EventName(experiment, "trial", "0")
    await mesh.log.append(name, TrialEnded(result=result, created_ns=1, ended_ns=2))
    return experiment


async def conclude(mesh: Mesh, experiment: str) -> None:
    end = Concluded(outcome="Cancelled", verdict=Verdict.INVALID, reason="Requested", message="m")
    await mesh.log.append(EventName(experiment, "concluded"), end)


@pytest.mark.parametrize("report", REPORTS)
async def test_report__before_the_end_or_unknown__is_refused(
    mesh: Mesh, http: httpx.AsyncClient, report: str
) -> None:
    experiment = await with_trial(mesh, http)
    refused = problem(await http.get(f"{EXPERIMENTS}/{experiment}/{report}"), 409, "not-finished")
    assert refused["detail"] == f"experiment {experiment} is Running and has no report yet"
    problem(await http.get(f"{EXPERIMENTS}/none/{report}"), 404, "unknown-experiment")


async def test_report__of_an_ended_experiment__has_its_document(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    experiment = await with_trial(mesh, http)
    await conclude(mesh, experiment)
    url = f"{EXPERIMENTS}/{experiment}"
    page = await http.get(f"{url}/report.html")
    assert page.headers["content-disposition"] == f'inline; filename="njst-{experiment}.html"'
    assert data_in(page.text)["experiment"] == (await http.get(url)).json()
    csv = await http.get(f"{url}/report.csv")
    assert csv.headers["content-type"].startswith("text/csv")
    assert csv.text.splitlines()[1].startswith(f"0,{experiment}-t0,0,0,Climb,10,400,")
    markdown = await http.get(f"{url}/report.md")
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert markdown.text.startswith("## ❌ Failed: ")


async def test_searches__before_the_end__have_their_bounds_so_far(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    experiment = await with_trial(mesh, http)
    (search,) = (await http.get(f"{EXPERIMENTS}/{experiment}")).json()["searches"]
    assert (search["outcome"], search["lowerMessagesPerSecond"]) == ("Running", 400)
    assert "upperMessagesPerSecond" not in search
    await conclude(mesh, experiment)
    ended = (await http.get(f"{EXPERIMENTS}/{experiment}")).json()
    assert ended["searches"] == [], "what was recorded counts"


async def test_forgotten_jobs__are_those_of_trials_that_the_log_has_no_more(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    experiment = await with_trial(mesh, http)
    shown = (await http.get(f"{EXPERIMENTS}/{experiment}")).json()
    assert shown["forgottenJobs"] == [f"{experiment}-t0"]


async def test_trials__from_a_number_on__leave_out_those_before(
    mesh: Mesh, http: httpx.AsyncClient
) -> None:
    url = f"{EXPERIMENTS}/{await with_trial(mesh, http)}"
    whole = (await http.get(f"{url}?fromTrial=0")).json()
    assert whole == (await http.get(url)).json()
    assert (await http.get(f"{url}?fromTrial=1")).json() == {**whole, "trials": []}
    refused = problem(await http.get(f"{url}?fromTrial=-1"), 422, "invalid")
    assert fields(refused) == ["query.fromTrial"]
