"""Checks before the load whether existing streams suit the job, without storing anything."""

import json
from collections.abc import Collection, Mapping, Sequence

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import StreamInfo

from njst.contract.header_names import EXPECTED_STREAM, LAST_SEQUENCE
from njst.contract.names.assets import publish_subjects, stream_names
from njst.contract.results.outcome import SetupError
from njst.contract.spec.job import JobSpec
from njst.planning.stream_requirements import StreamSettings, check_stream, needs_state
from njst.provisioning.target.target_client import PermissionDeniedError
from njst.provisioning.target.target_connection import denial, explained, workload_field

# Every stream refuses a publish that expects this last sequence.
_NO_SEQUENCE = str(2**63 - 1)
_WRONG_STREAM = 10060
# Maximum subjects of a workload that are checked.
_MOST_SUBJECTS = 4
_ANSWER_S = 2.0


async def check_existing_streams(
    js: JetStreamContext,
    client: Client,
    spec: JobSpec,
    skipped: Collection[str],
    longest: Mapping[int, int],
) -> dict[str, StreamInfo]:
    """Check that each existing stream of a job suits the workloads that use it.

    Returns:
        The streams whose state the job needs, by name.

    Args:
        js: JetStream of the target, with the time that an answer may take.
        client: the connection that it is on.
        spec: the job.
        skipped: names of workloads that do not run.
        longest: as in `check_payload_sizes`.

    Raises:
        SetupError: names the workload, the field, and the setting of the stream that prevents it.
    """
    infos: dict[str, StreamInfo] = {}
    for place, stream in enumerate(spec.streams):
        workloads = [
            (number, workload)
            for number, workload in enumerate(spec.workloads)
            if workload.stream == stream.name and workload.name not in skipped
        ]
        if not stream.use_existing or not workloads:
            continue
        for index, name in enumerate(stream_names(stream)):
            settings = None
            if needs_state(spec, stream.name):
                field = f"spec.streams[{place}] ({name})"
                infos[name] = await explained(field, js.stream_info(name))
                settings = stream_settings(infos[name])
            for number, workload in workloads:
                if settings is not None:
                    check_stream(number, workload, settings, longest.get(number))
                publish = workload.publish
                # A schedule has its own subject; with subjectCount, subjects have a number.
                if publish is not None and publish.delay_seconds is None:
                    subjects = publish_subjects(stream, workload, index)
                    if publish.subject_count > 1:
                        subjects = [f"{subject}.0" for subject in subjects]
                    field = f"{workload_field(number, workload)}.publish.subjects"
                    await _check_subjects(client, field, name, subjects)
    return infos


def stream_settings(info: StreamInfo) -> StreamSettings:
    """Return the settings that decide whether a workload can use a stream."""
    config = info.config
    sources = [config.mirror, *(config.sources or [])]
    size = config.max_msg_size
    return StreamSettings(
        name=config.name or "",
        has_subjects=bool(config.subjects),
        origins=tuple(source.name for source in sources if source),
        acknowledges=not config.no_ack,
        is_sealed=bool(config.sealed),
        allows_direct_get=bool(config.allow_direct or config.mirror_direct),
        max_message_bytes=size if size is not None and size >= 0 else None,
    )


async def _check_subjects(client: Client, field: str, name: str, subjects: Sequence[str]) -> None:
    """Check that the stream captures these subjects, with all mappings and imports in effect.

    Each subject gets a publish that no stream can store, because of the last sequence that it
    expects: the refusal says which stream captured it. If there is no answer, the load will show
    why.

    Raises:
        SetupError: no stream captures a subject, or another one does, or the user may not publish
            to it.
    """
    headers = {EXPECTED_STREAM: name, LAST_SEQUENCE: _NO_SEQUENCE}
    for subject in subjects[:_MOST_SUBJECTS]:
        try:
            answer = await client.request(subject, b"", timeout=_ANSWER_S, headers=headers)
        except nats.errors.NoRespondersError as error:
            words = f"{field}: no stream takes {subject}; {name} must have it among its subjects"
            raise SetupError("SubjectNotTaken", words) from error
        except PermissionDeniedError as error:
            raise denial(field, error) from error
        except (nats.errors.Error, TimeoutError):
            continue
        if (other := _other_stream(answer.data)) is not None:
            words = f"{field}: {subject} is taken by the stream {other}, not by {name}"
            raise SetupError("SubjectNotTaken", words)


def _other_stream(answer: bytes) -> str | None:
    """Return the stream that captured a publish in place of the expected one; None: none did."""
    try:
        document = json.loads(answer)
        if document["error"]["err_code"] == _WRONG_STREAM:
            return str(document["stream"])
    except (ValueError, KeyError, TypeError):
        return None
    return None
