"""Creates the streams of a mesh, with what the control NATS has room for."""

import json
from collections.abc import Sequence
from contextlib import suppress

import nats.errors
from nats.js import JetStreamContext
from nats.js.api import StorageType, StreamConfig, StreamInfo
from nats.js.errors import APIError, NotFoundError

from njst.journal.interfaces import JournalUnavailableError
from njst.journal.nats.account_room import shortages
from njst.login.nats_client import API_TIMEOUT_S, LoginClient

# Error codes (server/errors.json) of a full account or disk.
FULL = frozenset({10023, 10028, 10047, 10054, 10077})
# Each worker and each operator reads with a consumer of its own. nats-server 2.15 allows 1000 by
# default, and takes -1 as the default.
MAX_CONSUMERS = 20_000
_TOO_MANY_CONSUMERS = 10026
_EXISTS = 10058
# No tier of the account for so many replicas (10120), no cluster (10074), too few servers (10005).
_TOO_FEW = frozenset({10120, 10074, 10005})
# What the account has not enough of: also streams (10027) and bytes of one stream (10122).
_SHORT = FULL | _TOO_FEW | {10027, 10122}
_ADVICE = {
    _TOO_MANY_CONSUMERS: "each worker and each operator reads with a consumer of its own; raise"
    " the account's limit of consumers"
}


async def ensure(
    client: LoginClient,
    config: StreamConfig,
    replicas: int = 0,
    *,
    siblings: Sequence[StreamConfig] = (),
) -> StreamInfo:
    """Create a stream, or use the existing one; several workers may do so at once.

    An existing stream with fewer `replicas` is scaled up; 0 means as many as the cluster and the
    account allow, up to 3. A stream in memory is kept in files if there is not enough memory. The
    consumer limit and the maximum age of a stream of an older njst are raised.

    Args:
        client: the control NATS.
        config: the stream.
        replicas: how many copies it must have.
        siblings: other streams that will be needed, to say at once all that is missing.

    Raises:
        JournalUnavailableError: JetStream refuses or does not answer, or the stream is not njst's.
    """
    name = config.name or ""
    js = client.jetstream(timeout=API_TIMEOUT_S)
    try:
        try:
            info = await js.stream_info(name)
        except NotFoundError:
            info = await _create(js, config, replicas)
        _refuse_other(info, config)
        info = await _keep_longer(js, await _admit(js, info), config)
        if (info.config.num_replicas or 1) < replicas:
            await js.update_stream(info.config.evolve(num_replicas=replicas))
    except (APIError, nats.errors.Error, TimeoutError) as error:
        words = f"stream {name} cannot be made or read: {error_text(error)}"
        if isinstance(error, APIError) and error.err_code in _SHORT:
            wanted = [config, *siblings]
            words += await _shortage(client, [c.evolve(num_replicas=replicas or 1) for c in wanted])
        raise JournalUnavailableError(words) from error
    else:
        return info


async def _shortage(client: LoginClient, wanted: Sequence[StreamConfig]) -> str:
    """Return what the account lacks, as the end of an error; empty: it does not say."""
    try:
        answer = await client.request(f"{client.js_api}.INFO", b"", timeout=API_TIMEOUT_S)
        missing = shortages(json.loads(answer.data), wanted)
    except (nats.errors.Error, TimeoutError, ValueError, TypeError, AttributeError):
        return ""
    return f"; the account lacks {'; '.join(missing)}" if missing else ""


async def _admit(js: JetStreamContext, info: StreamInfo) -> StreamInfo:
    """Raise the consumer limit of a stream that has the default one.

    An account with a limit refuses that, and so do servers before 2.14, which have no limit.
    """
    if (info.config.max_consumers or -1) > 0:
        return info
    with suppress(APIError):
        return await js.update_stream(info.config.evolve(max_consumers=MAX_CONSUMERS))
    return info


async def _keep_longer(js: JetStreamContext, info: StreamInfo, config: StreamConfig) -> StreamInfo:
    """Raise the maximum age of messages; without the right to do that, it stays."""
    wanted_s = config.max_age or 0.0
    if not 0 < (info.config.max_age or 0.0) < wanted_s:
        return info
    with suppress(APIError):
        return await js.update_stream(info.config.evolve(max_age=wanted_s))
    return info


def _refuse_other(info: StreamInfo, config: StreamConfig) -> None:
    have = set(info.config.subjects or [])
    if have != set(config.subjects or []):
        raise JournalUnavailableError(
            f"stream {config.name} is there with other subjects ({', '.join(sorted(have))});"
            " it is none of njst's: use another mesh name"
        )


async def _create(js: JetStreamContext, config: StreamConfig, replicas: int) -> StreamInfo:
    storages = dict.fromkeys([config.storage, StorageType.FILE])
    choices = [(n, s) for s in storages for n in ([replicas] if replicas else [3, 1])]
    for count, storage in choices:
        try:
            return await _add(js, config.evolve(num_replicas=count, storage=storage))
        except APIError as error:
            # Another worker may have been first, with another number of replicas or storage, and
            # have used the rest of it.
            if error.err_code == _EXISTS or error.err_code in FULL:
                with suppress(NotFoundError):
                    return await js.stream_info(config.name or "")
            if error.err_code not in FULL | _TOO_FEW or (count, storage) == choices[-1]:
                raise
    raise AssertionError("the last choice returns or raises")


async def _add(js: JetStreamContext, config: StreamConfig) -> StreamInfo:
    try:
        return await js.add_stream(config.evolve(max_consumers=MAX_CONSUMERS))
    except APIError as error:
        # The account has a limit of its own, which then applies to the stream.
        if error.err_code != _TOO_MANY_CONSUMERS:
            raise
        return await js.add_stream(config)


def error_text(error: Exception) -> str:
    """Return the error as the server put it, with its code."""
    if isinstance(error, APIError) and error.description:
        advice = _ADVICE.get(error.err_code or 0)
        words = f"{error.description} ({error.err_code})"
        return f"{words}; {advice}" if advice else words
    return str(error) or type(error).__name__
