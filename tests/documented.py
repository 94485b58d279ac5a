"""Whether what a program says stands in the docs, word for word but for what differs by place."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "troubleshooting.md"

_PLACES = (
    # In this order: an address is also part of a URL.
    (r"nats://[\w.-]+:\d+", "nats://HOST"),
    (r"\('[\w.:]+', \d+\)", "(HOST)"),
    (r"\[Errno \d+\] Connect", "[Errno N] Connect"),
    (r"/[\w./-]+/(?=[\w.-]+: No such file)", "/FOLDER/"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"namespace [\w-]+", "namespace NAME"),
    (r"exec /\S+: exec", "exec PROGRAM: exec"),
    (r"mkdir /\S+: [a-z -]+$", "mkdir FOLDER: WHY"),
)


def is_documented(line: str) -> bool:
    """Whether a line of a block of the troubleshooting page says the same."""
    blocks = re.findall(r"^```(?:\w*)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    lines = {_anywhere(said) for block in blocks for said in block.splitlines()}
    return _anywhere(line) in lines


def _anywhere(line: str) -> str:
    for pattern, name in _PLACES:
        line = re.sub(pattern, name, line)
    return line
