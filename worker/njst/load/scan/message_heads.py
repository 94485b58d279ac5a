"""The one loop over the heads of incoming MSG and HMSG frames."""

import re
from typing import NamedTuple

# What a header block without a status begins with.
_NO_STATUS = b"NATS/1.0\r\n"

HeadPattern = re.Pattern[bytes]
HeadMatch = re.Match[bytes]


def head_pattern(
    subject: bytes, sid: bytes, reply: bytes = b"", *, with_headers: bool = True
) -> HeadPattern:
    """Return the pattern of a head, up to the header block and the payload behind it.

    Args:
        subject: pattern of the subject.
        sid: pattern of the subscription's number.
        reply: pattern of the reply subject and the space behind it; empty for heads without one.
        with_headers: whether HMSG is one of them.

    Returns:
        Group 1 is set for HMSG. The last two groups are `header`, the bytes of the header block,
        which MSG does not have, and `size`, the bytes of header block and payload.
    """
    sizes = rb"(?(1)(?P<header>\d{1,9}) )(?P<size>\d{1,9})\r\n"
    # A group that never matches stands for the H of heads that must not have one.
    verb = rb"(H)?MSG " if with_headers else rb"((?!))?MSG "
    return re.compile(verb + subject + b" " + sid + b" " + reply + sizes)


def messages(pattern: HeadPattern, data: bytes, at: int) -> list[tuple[HeadMatch, int, int]]:
    """Return the whole messages from `at` on, up to anything else.

    A list and not a generator, which would cost 8 % more for each message.

    Returns:
        Of each its head, where its payload begins, and where the message ends.
    """
    found: list[tuple[HeadMatch, int, int]] = []
    match, limit, size_group = pattern.match, len(data), pattern.groups
    while head := match(data, at):
        begin, size = head.end(), int(head[size_group])
        at = begin + size + 2
        if at > limit:
            break
        if head[1]:
            header = int(head[size_group - 1])
            if header > size:
                break
            begin += header
        found.append((head, begin, at))
    return found


class PlainAnswers(NamedTuple):
    """Answers without a status: the token and the payload bytes of each, and the bytes it took."""

    tokens: list[bytes]
    sizes: list[int]
    taken: int


def answer_pattern(inbox: str, *, with_headers: bool = True) -> HeadPattern:
    """Return the pattern of heads that come to `<inbox>.<token>`; the token is group 2."""
    return head_pattern(
        re.escape(inbox.encode()) + rb"\.([0-9a-f]{10})", b"1", with_headers=with_headers
    )


def plain_answers(pattern: HeadPattern, data: bytes) -> PlainAnswers:
    """Return the answers at the beginning, up to a status or anything else."""
    tokens: list[bytes] = []
    sizes: list[int] = []
    taken = 0
    for head, begin, end in messages(pattern, data, 0):
        if head[1] and not data.startswith(_NO_STATUS, head.end()):
            break
        tokens.append(head[2])
        sizes.append(end - 2 - begin)
        taken = end
    return PlainAnswers(tokens, sizes, taken)
