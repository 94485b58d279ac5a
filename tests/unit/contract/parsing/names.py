"""Names and subjects, and which of them a job may have, for the tests of all readers of a spec.

What is refused is what a nats-server refuses too, but for control characters and for wildcards
within a token, which it takes as they stand.
"""

from typing import Any

Spec = dict[str, Any]

GOOD_NAMES = [
    "$MQTT_msgs",
    "a~b",
    "anläge",
    "日本",
    "a&b",
    'a"b',
    "a'b",
    "100%",
    "a,b",
    "[x]",
    "🙂",
]
BAD_NAMES = ["a b", "a\tb", "a\nb", "a.b", "a*", "a>b", "a/b", "a\\b", "a\x7fb", "a\x01b", ""]
GOOD_SUBJECTS = [
    "anlage.temperatür",
    "orders.a~b",
    "a/b.c",
    'a."x"',
    "a.b\u00a0c",
    "日本.東京",
    "a.&x",
]
BAD_SUBJECTS = ["a..b", ".a", "a.", "a b", "a.b\tc", "a*b.c", "a.b>", ">.a", "a.\x7f", "a.\x00", ""]


def named(name: str) -> Spec:
    """A spec with an existing stream and consumer of this name."""
    consume = {"existingConsumer": name}
    work = {"name": "w", "stream": name, "messages": 1, "consume": consume}
    return {"streams": [{"name": name, "useExisting": True}], "workloads": [work]}


def addressed(subject: str) -> Spec:
    """A spec that publishes to this subject, and filters by it."""
    publish = {"name": "w", "stream": "S", "messages": 1, "publish": {"subjects": [subject]}}
    consume = {"name": "r", "stream": "S", "messages": 1, "consume": {"filterSubjects": [subject]}}
    core = {"operation": "Request", "subject": subject}
    return {
        "streams": [{"name": "S", "subjects": [subject]}],
        "workloads": [publish, consume, {"name": "c", "messages": 1, "core": core}],
    }
