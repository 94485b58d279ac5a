"""The njst command."""

import sys
from typing import Any, cast

# httpx loads a command of its own, with click, pygments and rich, and does without if it is not
# there: a third of the time in which a command of njst starts. None says that it is not there.
cast("dict[str, Any]", sys.modules).setdefault("httpx._main", None)
