"""`python -m njst.probe URL`: ask a health endpoint, print what it says; exit code 0: well.

For the health check of an image, and for probes whose words shall stand in `kubectl describe`,
where those of an HTTP probe never do. Nothing but the standard library, because it is started again
and again.
"""

import json
import sys
import urllib.error
import urllib.request

TIMEOUT_S = 4


def main(url: str) -> int:
    """Return the exit code."""
    code, words = ask(url)
    sys.stdout.write(f"{words}\n")
    return code


def ask(url: str) -> tuple[int, str]:
    """Return the exit code, and what the endpoint says in one line."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310 - ours
            return 0, _words(answer.read())
    except urllib.error.HTTPError as error:
        return 1, _words(error.read())
    except OSError as error:
        return 1, f"{url} does not answer: {error}"


def _words(body: bytes) -> str:
    """Return the detail of a problem document, or what is there instead."""
    text = body.decode(errors="replace").strip()
    try:
        return str(json.loads(text)["detail"])
    except (ValueError, KeyError, TypeError):
        return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
