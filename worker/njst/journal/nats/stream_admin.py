"""A mesh's own streams: made by whoever needs them first, with the replicas that there can be."""

from contextlib import suppress

import nats.errors
from nats.js import JetStreamContext
from nats.js.api import StreamConfig, StreamInfo
from nats.js.errors import APIError, NotFoundError

from njst.journal.interfaces import JournalUnavailableError
from njst.login.nats_client import API_TIMEOUT_S, LoginClient

# server/errors.json: what a full account or disk answers.
FULL = frozenset({10023, 10028, 10047, 10054, 10077})
# Each worker and each operator reads with a consumer of its own. nats-server 2.15 allows 1000 of a
# stream that does not say how many, and takes -1 for not saying it.
MAX_CONSUMERS = 20_000
_TOO_MANY_CONSUMERS = 10026


async def ensure(client: LoginClient, config: StreamConfig, replicas: int = 0) -> StreamInfo:
    """Make a stream, or use the one that is there; several workers may do so at once.

    With `replicas` it has as many, also where it was there with fewer; with 0 as many as the
    cluster gives, up to 3. A stream of an older njst gets the room for readers of a new one.

    Raises:
        JournalUnavailableError: JetStream refuses or does not answer, or it is another's stream.
    """
    name = config.name or ""
    js = client.jetstream(timeout=API_TIMEOUT_S)
    try:
        try:
            info = await js.stream_info(name)
        except NotFoundError:
            info = await _create(js, config, replicas)
        _refuse_other(info, config)
        info = await _admit(js, info)
        if (info.config.num_replicas or 1) < replicas:
            await js.update_stream(info.config.evolve(num_replicas=replicas))
    except (APIError, nats.errors.Error, TimeoutError) as error:
        raise JournalUnavailableError(
            f"stream {name} cannot be made or read: {said(error)}"
        ) from error
    else:
        return info


async def _admit(js: JetStreamContext, info: StreamInfo) -> StreamInfo:
    """Let a stream that does not say how many consumers it may have have many.

    An account with a limit refuses that, and so do servers before 2.14, which have no limit.
    """
    if (info.config.max_consumers or -1) > 0:
        return info
    with suppress(APIError):
        return await js.update_stream(info.config.evolve(max_consumers=MAX_CONSUMERS))
    return info


def _refuse_other(info: StreamInfo, config: StreamConfig) -> None:
    have = set(info.config.subjects or [])
    if have != set(config.subjects or []):
        raise JournalUnavailableError(
            f"stream {config.name} is there with other subjects ({', '.join(sorted(have))});"
            " it is none of njst's: use another mesh name"
        )


async def _create(js: JetStreamContext, config: StreamConfig, replicas: int) -> StreamInfo:
    choices = (replicas,) if replicas else (3, 1)
    for choice in choices:
        try:
            return await _add(js, config.evolve(num_replicas=choice))
        except APIError as error:
            # Another worker may have been first, with the number of replicas that it got
            # (10058), and have taken the room that was left.
            if error.err_code == 10058 or error.err_code in FULL:
                with suppress(NotFoundError):
                    return await js.stream_info(config.name or "")
            # 10074: not clustered; 10005: too few servers.
            if error.err_code not in (10074, 10005) or choice == choices[-1]:
                raise
    raise AssertionError("the last choice returns or raises")


async def _add(js: JetStreamContext, config: StreamConfig) -> StreamInfo:
    try:
        return await js.add_stream(config.evolve(max_consumers=MAX_CONSUMERS))
    except APIError as error:
        # The account has a limit of its own, which holds for the stream then.
        if error.err_code != _TOO_MANY_CONSUMERS:
            raise
        return await js.add_stream(config)


def said(error: Exception) -> str:
    """Return what the server said, with the code by which one finds it."""
    if isinstance(error, APIError) and error.description:
        return f"{error.description} ({error.err_code})"
    return str(error) or type(error).__name__
