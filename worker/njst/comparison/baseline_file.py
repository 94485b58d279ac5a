"""A baseline as the text of a file: JSON that a person can read and a repository can keep."""

import json

from njst.contract.results.comparison import Baseline


def baseline_text(baseline: Baseline) -> bytes:
    """Return the content of the file; equal baselines have equal files."""
    document = json.loads(baseline.to_json())
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"
