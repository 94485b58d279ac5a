"""The shipped health check of Argo CD, run by a real Lua over resources in every phase."""

from pathlib import Path

import lupa
import pytest
import yaml

from tests.unit.operator.controllers.job.judged import JUDGED, Judged

PATCH = Path(__file__).parents[3] / "manifests" / "argocd" / "argocd-cm.yaml"


@pytest.mark.parametrize("judged", JUDGED, ids=lambda judged: judged.name)
def test_argocd__each_phase__has_the_right_health(judged: Judged) -> None:
    scripts = yaml.safe_load(PATCH.read_text())["data"]
    prefix = "resource.customizations.health.njst.io_"
    script = scripts[f"{prefix}NjstJob"]
    assert scripts[f"{prefix}NjstExperiment"] == script
    lua = lupa.LuaRuntime()
    lua.globals().obj = lua.table_from(judged.body, recursive=True)
    health = lua.execute(script)
    assert health["status"] == judged.argocd
    assert health["message"]
