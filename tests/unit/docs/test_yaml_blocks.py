"""Each block of YAML in the docs that njst would read is one that njst accepts."""

from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from devenv.docs_site import ROOT
from njst.cli.main import app
from tests.unit.docs.pages import Block, blocks

# First words of blocks that are for other programs.
_FOREIGN = {"resource", "steps", "include", "strategy"}


def _fields(*path: str) -> dict[str, Any]:
    """Return the fields of a part of the spec as the resource type has them."""
    crd = yaml.safe_load((ROOT / "crds" / "njst.io_njstjobs.yaml").read_text())
    (version,) = crd["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    for name in path:
        schema = schema["properties"][name]["items"]
    fields: dict[str, Any] = schema["properties"]
    return fields


def _documents(block: Block) -> list[dict[str, Any]]:
    """Return the documents of a block; one that repeats a word shows alternatives, one by one."""
    node = yaml.compose(block.text)
    assert isinstance(node, yaml.MappingNode), "a block shows fields"
    names = [key.value for key, _ in node.value]
    parts = [[pair] for pair in node.value] if len(set(names)) < len(names) else [node.value]
    return [
        yaml.safe_load(yaml.serialize(yaml.MappingNode("tag:yaml.org,2002:map", part)))
        for part in parts
    ]


def _whole(shown: dict[str, Any]) -> dict[str, Any]:
    """Return a spec that has what is shown, and what a page leaves out because it is clear."""
    if "kind" in shown:
        return shown
    if shown.keys() <= _fields("workloads").keys():
        shown = {"workloads": [{"name": "w", "stream": "S", "publish": {}, **shown}]}
    assert shown.keys() <= _fields().keys(), f"neither a spec nor a workload: {sorted(shown)}"
    workloads = shown.get("workloads") or [
        {"name": "w", "stream": "S", "messages": 1, "publish": {}}
    ]
    streams = [
        {"name": name} for name in dict.fromkeys(w["stream"] for w in workloads if "stream" in w)
    ]
    return {"streams": streams, "workloads": workloads, **shown}


def _check(document: dict[str, Any]) -> None:
    result = CliRunner().invoke(app, ["validate", "-"], input=yaml.safe_dump(document))
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_yaml_block__is_accepted(block: Block) -> None:
    for shown in _documents(block):
        if next(iter(shown)) not in _FOREIGN:
            _check(_whole(shown))


@pytest.mark.parametrize(
    "text",
    [
        "workloads:\n  - {name: w, stream: S, messages: 1, publish: {windw: 5}}\n",
        "target: {context: a}\ntarget: {server: b}\n",
        "stages:\n  - {durationSeconds: 30, messagesPerSeconds: 20000}\n",
        "kind: NjstJob\n",
        "stags: []\n",
    ],
)
def test_yaml_block_with_a_mistake__is_not_accepted(text: str) -> None:
    block = Block(ROOT / "README.md", 1, "yaml", text)
    with pytest.raises(AssertionError):
        test_yaml_block__is_accepted(block)
