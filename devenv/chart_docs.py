"""`python -m devenv.chart_docs FILE`: the chart's values as a table, from their own comments."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from devenv.environment import ROOT

CHART = ROOT / "charts" / "njst"
_HEAD = """\
# The Helm chart of njst

```sh
helm install njst charts/njst --namespace njst --create-namespace \\
  --set nats.url=nats://nats.nats:4222
helm test njst --namespace njst          # runs a small job, and waits for its verdict
helm upgrade njst charts/njst --namespace njst --reset-then-reuse-values
helm uninstall njst --namespace njst
```

The resource types are templates of the chart, so `helm upgrade` upgrades them, and
`helm uninstall` keeps them and all jobs (`crds.keep`). Where they are not Helm's, because they
came with `kubectl`, say `--take-ownership` once, or `crds.install=false`. The namespace may
enforce the restricted Pod Security Standard.

Made by `make manifests` from `values.yaml`; do not edit it here.

| value | default | |
|---|---|---|
"""


def table(values: Path) -> str:
    """Return all values with their defaults and the comments that begin with `# --`."""
    return _HEAD + "".join(
        f"| `{path}` | `{json.dumps(default)}` | {words} |\n"
        for path, default, words in _rows(yaml.compose(values.read_text()), values)
    )


def _rows(node: yaml.Node | None, file: Path, path: str = "") -> Iterator[tuple[str, object, str]]:
    assert isinstance(node, yaml.MappingNode)
    lines = file.read_text().splitlines()
    for key, value in node.value:
        name = f"{path}.{key.value}" if path else key.value
        words = _comment(lines, key.start_mark.line)
        if isinstance(value, yaml.MappingNode) and not value.flow_style:
            yield from _rows(value, file, name)
        else:
            yield name, yaml.safe_load(yaml.serialize(value)), words


def _comment(lines: list[str], line: int) -> str:
    """Return the comment right above a line."""
    above = lines[line - 1].strip() if line else ""
    return above.removeprefix("# -- ").replace("|", "\\|") if above.startswith("# -- ") else ""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(table(CHART / "values.yaml"))
