"""The jobs in examples/, as tests run them."""

import json
from pathlib import Path

import yaml

from devenv.environment import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def promised(example: Path) -> str:
    """Return an example without what it demands of the machine: how much, and how soon."""
    manifest = yaml.safe_load(example.read_text())
    demanded = manifest["spec"].pop("thresholds", [])
    manifest["spec"]["thresholds"] = [t for t in demanded if t["metric"] == "Errors"]
    return json.dumps(manifest)
