"""`python -m njst.probe URL`: ask a health endpoint, print its answer; exit code 0: healthy.

For the health check of an image, and for probes whose reason should appear in `kubectl describe`,
which shows none for an HTTP probe. It uses the standard library alone, because it starts again and
again, and never a proxy: what it asks is in its own pod.
"""

import json
import ssl
import sys
import urllib.error
import urllib.request

TIMEOUT_S = 4


def _unverified() -> ssl.SSLContext:
    """Return a context that takes any certificate, as a probe of the kubelet does.

    It asks its own pod by an address, for which no certificate is made, and sends no secret.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


_DIRECT = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=_unverified())
)


def main(url: str) -> int:
    """Return the exit code."""
    code, words = ask(url)
    sys.stdout.write(f"{words}\n")
    return code


def ask(url: str) -> tuple[int, str]:
    """Return the exit code, and what the endpoint says in one line."""
    try:
        with _DIRECT.open(url, timeout=TIMEOUT_S) as answer:
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
