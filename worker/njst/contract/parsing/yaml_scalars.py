"""Plain scalars of YAML as Kubernetes reads them, so that one manifest means one thing.

kubectl and the API server read YAML 1.1 with the exceptions of go-yaml v2 (resolve.go) and then
turn it into JSON: `on` and `y` are true, `010` and `0o17` are octal, `1e+06` is a number, and
neither `1:30` nor a date is more than a text.
"""

import re
from math import isfinite

_TRUE = ("y", "yes", "on", "true")
_FALSE = ("n", "no", "off", "false")
_WORDS: dict[str, bool | float | None] = {"": None, "~": None}
for _word, _value in [*((w, True) for w in _TRUE), *((w, False) for w in _FALSE), ("null", None)]:
    _WORDS |= dict.fromkeys((_word, _word.capitalize(), _word.upper()), _value)
for _word in (".inf", ".Inf", ".INF"):
    _WORDS |= {_word: float("inf"), f"+{_word}": float("inf"), f"-{_word}": float("-inf")}
_WORDS |= dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan"))

_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES = (16, 2, 8, 10)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
# What an int64 or a uint64 holds; a larger number is a float.
_LOWEST, _HIGHEST = -(1 << 63), (1 << 64) - 1


def scalar_value(text: str) -> str | bool | int | float | None:
    """Return what a plain scalar means; a text that is nothing else means itself."""
    if text in _WORDS:
        return _WORDS[text]
    if not text[:1].isdigit() and text[:1] not in "+-.":
        return text
    plain = text.replace("_", "")
    if text[0] != "." and (match := _INTEGER.fullmatch(plain)) is not None:
        sign, *digits = match.groups()
        base, found = next((b, d) for b, d in zip(_BASES, digits, strict=True) if d is not None)
        whole = int(sign + found, base)
        if _LOWEST <= whole <= _HIGHEST:
            return whole
    if _FLOAT.fullmatch(plain) and isfinite(value := float(plain)):
        return value
    return text
