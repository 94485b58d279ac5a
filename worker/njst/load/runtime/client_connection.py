"""One client: a connection and a load client, driven by the engine's loop."""

import contextlib
import secrets
import select

from njst.contract.plan import ClientPlan
from njst.contract.results.tallies import ErrorClass
from njst.load.host.clock import now_ns as read_clock_ns
from njst.load.kinds.registry import open_client
from njst.load.load_client import LoadClient, StartTime
from njst.load.net.dial import NOTHING, READ, WRITE, ConnectError, DialSettings
from njst.load.net.keepalive import SILENT_NS, Keepalive, Silence
from njst.load.net.reconnect import Reconnect
from njst.load.net.server_pool import ServerPool
from njst.load.net.socket_stream import WAITS, SocketStream
from njst.load.protocol import encoder
from njst.load.protocol.parser import Frame, Info, Ping, Pong, ProtocolError, ServerError, parse
from njst.load.protocol.server_info import server_info
from njst.load.recording.shared_records import SharedRecords
from njst.load.runtime.ping_pong import ping_pong

# A client that begins after the common start subscribes this long before it begins: enough for all
# servers to know of it; early deliveries wait in the kernel.
OPEN_AHEAD_NS = 400_000_000
# A client whose window is full is checked again after this, if no answer comes before.
BLOCKED_NS = 1_000_000
# Chunks that are sent before the loop serves anything else.
_MOST_CHUNKS = 16
# Further chunks that are acknowledged together with the first one, if they have arrived.
_MOST_GATHERED = 3
# A server that sends more PINGs than this without reading a PONG gets no more PONGs.
_MAX_PONGS = 1_000
_SILENT = f"the server said nothing for {SILENT_NS // 1_000_000_000} s and answered no PING"


def _advice(error: str) -> str:
    """Return what to change after an error that ends a connection, for people; empty: nothing."""
    if "slow consumer" in error.lower():
        return ": more was pulled than the client received in time; lower consume.batch or maxBytes"
    return ""


class ClientConnection:
    """A connection that is re-established when it breaks, for as long as the plan allows."""

    def __init__(
        self, plan: ClientPlan, settings: DialSettings, servers: ServerPool, shared: SharedRecords
    ) -> None:
        inbox = f"{settings.connection.inbox_prefix}.{secrets.token_hex(8)}"
        self.load_client: LoadClient = open_client(plan, inbox, shared)
        self._next_request = self.load_client.next_request
        self._most_gathered = _MOST_GATHERED if self.load_client.gathers else 0
        self.stream: SocketStream | None = None
        self.plan = plan
        self.begun = False
        self._start = StartTime(0)
        self._is_open = not plan.is_gated and plan.start_ms == 0
        self._over = False
        self._reconnect = Reconnect(
            settings, servers, self.load_client.recorder, plan.reconnect_ms, plan.place
        )
        self._keepalive = Keepalive()
        # Whether a PING of the keepalive is to be sent next, and whether it is in `_out`.
        self._asks = self._asks_in_out = False
        self._in = b""
        self._out: bytes | bytearray | memoryview = b""
        self._pongs = 0
        # Since when the kernel takes no bytes, 0 while it does, and for how long it did not before.
        self._blocked_since_ns = 0
        self._blocked_ns = 0

    def begin_login(self, now_ns: int) -> None:
        """Begin the first connection; `log_in` continues it."""
        self._reconnect.begin(now_ns)

    def log_in(self, now_ns: int) -> bool:
        """Continue the first connection; subscribe if it is time for that.

        Returns:
            Whether it is done.

        Raises:
            ConnectError: no server of the target answers, or they refuse.
        """
        stream = self._reconnect.step(now_ns)
        if stream is None:
            return False
        self._adopt(stream, now_ns)
        self.write_opening(now_ns)
        return True

    @property
    def done(self) -> bool:
        """Whether the client has nothing more to do or to send, or has given up."""
        return self._over or (self.begun and self.load_client.done and not self._out)

    @property
    def dialling(self) -> select.epoll | None:
        """What becomes readable when attempts to connect can go on; None without attempts."""
        return self._reconnect.sockets

    @property
    def wants(self) -> int:
        """What to watch its socket, or its attempts, for: READ, WRITE, or nothing."""
        if self.stream is not None:
            # What comes just before the start is read after it.
            mask = READ if self.begun or not self._is_open else NOTHING
            return mask | WRITE if self._out else mask
        return READ

    def await_start(self, start: StartTime) -> int:
        """Take the start of the workload; return when to call `wake`."""
        at_ns = start.at_ns + self.plan.start_ms * 1_000_000
        self._start = StartTime(at_ns, start.log_offset_ns)
        return at_ns if self._is_open else at_ns - OPEN_AHEAD_NS

    def wake(self) -> int | None:
        """Subscribe, then begin; return when to call this again, None when it has begun."""
        if not self._is_open:
            self._is_open = True
            if self.stream is not None:
                self._out = bytes(self._out) + self.load_client.opening()
            return self._start.at_ns
        self.begun = True
        start_ns, length_ms = self._start.at_ns, self.plan.duration_ms
        end_ns = None if length_ms is None else start_ns + length_ms * 1_000_000
        self.load_client.recorder.start(start_ns + self.plan.warmup_ms * 1_000_000, end_ns)
        self.load_client.start(self._start)
        return None

    def stop(self) -> None:
        """Send nothing new; one that has not begun is over."""
        if self.begun:
            self.load_client.stop()
        else:
            self._over = True

    def write(self, now_ns: int) -> None:
        """Send what waits, then what the load client has, until there is no more or no room.

        After some chunks the next one is left for later, so that other clients are served.
        """
        for _ in range(_MOST_CHUNKS):
            stream = self.stream
            if stream is None:
                return
            self._out = self._out or self._next_bytes(now_ns)
            if not self._out or not self._send(stream, now_ns):
                return
            now_ns = read_clock_ns()
        self._out = self._next_bytes(now_ns)

    def _next_bytes(self, now_ns: int) -> bytes:
        if self._pongs:
            return self._pong()
        if self._asks:
            return self._ask()
        return self.load_client.next_bytes(now_ns) if self.begun else b""

    def _send(self, stream: SocketStream, now_ns: int) -> bool:
        """Send what waits; return whether the kernel took all of it."""
        try:
            sent = stream.send(self._out)
        except OSError as error:
            self._lose(stream, error, now_ns)
            return False
        if sent < len(self._out):
            self._out = memoryview(self._out)[sent:]
            self._blocked_since_ns = self._blocked_since_ns or now_ns
            return False
        self._out = b""
        if self._blocked_since_ns:
            self._unblock(now_ns)
        return True

    def _unblock(self, now_ns: int) -> None:
        self._blocked_ns = self.blocked_ns(now_ns)
        self._blocked_since_ns = 0

    def blocked_ns(self, now_ns: int) -> int:
        """Return for how long the kernel has taken no bytes."""
        since_ns = self._blocked_since_ns
        return self._blocked_ns + (now_ns - since_ns if since_ns else 0)

    def write_opening(self, now_ns: int) -> None:
        """Send the subscriptions before the start, so that only load follows it."""
        stream = self.stream
        if stream is None:
            return
        try:
            self._out = memoryview(self._out)[stream.send(self._out) :]
        except OSError as error:
            self._lose(stream, error, now_ns)

    def _pong(self) -> bytes:
        pongs, self._pongs = self._pongs, 0
        return encoder.PONG * pongs

    def _ask(self) -> bytes:
        self._asks, self._asks_in_out = False, True
        return self._keepalive.ping(self.load_client.pings)

    def read(self, now_ns: int) -> bool:
        """Take what has arrived; return whether it was an answer and the next request was sent."""
        stream = self.stream
        if stream is None:
            return False
        data = self._receive(stream, now_ns)
        if data is None:
            return False
        if self._next_request is not None and not self._in and not self._out and self.begun:
            self._out = self._next_request(data, now_ns)
            if self._out:
                self._keepalive.heard_ns = now_ns
                return self._send(stream, now_ns)
        self._gather(stream, data, now_ns)
        return False

    def _receive(self, stream: SocketStream, now_ns: int) -> bytes | None:
        """Return what has arrived; None when nothing has, or when the connection broke."""
        try:
            return stream.receive()
        except OSError as error:
            self._break(str(error), now_ns)
            return None

    def run_closed_loop(self, until_ns: int) -> bool:
        """Receive and send in turn, until the time or until there is anything else to do.

        For a client that is alone in its process: to wait for one socket is cheaper than to wait
        for any of many.

        Returns:
            Whether it has waited.
        """
        has_waited = False
        while (stream := self.stream) is not None and stream.can_wait and self._waits_only:
            has_waited = True
            try:
                now_ns = self._wait_on(stream, until_ns)
            except OSError as error:
                self._lose(stream, error, read_clock_ns())
                break
            # A new clock reading: handling the answer is no part of the next latency.
            self.write(read_clock_ns())
            if now_ns >= until_ns:
                break
        return has_waited

    def keep_pace(self, until_ns: int, epoll: int) -> bool:
        """Send what is due and take what arrives, until the time or anything else to do.

        For a client alone in its process at an offered rate; `epoll` watches its socket.
        """
        has_waited = False
        while (stream := self.stream) is not None and stream.can_wait and self._waits_only:
            sent_ns = now_ns = read_clock_ns()
            due_ns = self.load_client.due_ns()
            if due_ns is not None and due_ns <= now_ns:
                self.write(now_ns)
                now_ns, due_ns = read_clock_ns(), self.load_client.due_ns()
            if due_ns is None or now_ns >= until_ns:
                break
            has_waited = True
            # A message that was due before found no room in the window.
            wake_ns = due_ns if due_ns > sent_ns else now_ns + BLOCKED_NS
            wait_ns = max(0, min(wake_ns, until_ns) - now_ns)
            if not select.select([epoll], [], [], wait_ns / 1e9)[0]:
                continue
            now_ns = read_clock_ns()
            if now_ns >= until_ns:
                break
            data = self._receive(stream, now_ns)
            if data is None:
                break
            self._gather(stream, data, now_ns)
        return has_waited

    def _wait_on(self, stream: SocketStream, until_ns: int) -> int:
        """Wait for what arrives and take it; return when it came.

        Raises:
            OSError: the connection is broken.
        """
        if self._next_request is None or self._in:
            data, now_ns = stream.receive(WAITS), read_clock_ns()
        else:
            data, left, now_ns, heard_ns = ping_pong(
                stream.socket, stream.room, self._next_request, until_ns
            )
            if heard_ns:
                self._keepalive.heard_ns = heard_ns
            if left:
                self._out, self._blocked_since_ns = left, now_ns
        if data is not None:
            self._gather(stream, data, now_ns)
        return now_ns

    @property
    def _waits_only(self) -> bool:
        return self.begun and not self._out and not self.load_client.done

    def _gather(self, stream: SocketStream, data: bytes, now_ns: int) -> None:
        """Take what has arrived, and what arrives meanwhile if the load client gathers."""
        self._on_data(data, now_ns)
        for _ in range(self._most_gathered):
            if self.stream is not stream:
                return
            more = self._receive(stream, now_ns)
            if more is None:
                return
            self._on_data(more, read_clock_ns())

    def _on_data(self, data: bytes, now_ns: int) -> None:
        if data:
            self._keepalive.heard_ns = now_ns
            self._hear(self._in + data if self._in else data, now_ns)
        else:
            self._break("the server closed the connection", now_ns)

    def _hear(self, data: bytes, now_ns: int) -> None:
        try:
            self._take(data, now_ns)
        except ConnectionError as error:
            self._break(str(error), now_ns)
        except ProtocolError as error:
            self.load_client.recorder.add_finding(ErrorClass.PROTOCOL, str(error))
            self._break("the server does not speak NATS", now_ns)

    def _take(self, data: bytes, now_ns: int) -> None:
        """Scan first; the exact parser takes the rest.

        Raises:
            ProtocolError: it is not NATS.
            ConnectionError: the server says that it closes the connection.
        """
        taken = self.load_client.scan(data, now_ns)
        if taken == len(data):
            self._in = b""
            return
        rest = data[taken:] if taken else data
        frames, used = parse(rest)
        for frame in frames:
            self._on_frame(frame, now_ns)
        self._in = rest[used:]

    def _on_frame(self, frame: Frame, now_ns: int) -> None:
        if isinstance(frame, Ping):
            self._pongs = min(self._pongs + 1, _MAX_PONGS)
        elif isinstance(frame, Info):
            self._reconnect.on_info(server_info(frame.json))
        elif isinstance(frame, ServerError) and frame.is_last:
            raise ConnectionError(f"-ERR {frame.text}{_advice(frame.text)}")
        elif isinstance(frame, Pong) and self._keepalive.takes_pong():
            pass
        else:
            self.load_client.on_frame(frame, now_ns)

    def on_time(self, now_ns: int) -> None:
        """Check deadlines and silence; connect again when it is time."""
        if self.begun:
            self.load_client.on_time(now_ns)
        if self.stream is not None:
            self._check_silence(self.stream, now_ns)
        self.keep_connected(now_ns)
        if self.stream is None and self._is_overdue(now_ns) and not self.done:
            error_class, words = self._reconnect.trouble
            self.give_up(error_class, f"without a connection at its end: {words}", now_ns)

    def _is_overdue(self, now_ns: int) -> bool:
        """Whether the time of this client is over, so that it needs no connection."""
        duration_ms = self.plan.duration_ms
        if not self.begun or duration_ms is None:
            return False
        return now_ns >= self._start.at_ns + duration_ms * 1_000_000

    def _check_silence(self, stream: SocketStream, now_ns: int) -> None:
        """Send a PING to a silent server; break the connection when it does not answer."""
        if self._is_open and not self.begun:
            return  # nothing is read just before the start
        keepalive = self._keepalive
        match keepalive.look(now_ns):
            case Silence.ASK:
                self._asks = True
            case Silence.OVER:
                # Perhaps this client is behind.
                data = self._receive(stream, now_ns)
                if data is not None:
                    self._gather(stream, data, now_ns)
                elif self.stream is stream:
                    self._break(_SILENT, now_ns, since_ns=keepalive.since_ns)
                return
        self._asks_in_out = self._asks_in_out and bool(self._out)
        if self._asks or keepalive.is_waiting:
            keepalive.bear(stream.socket, is_sent=not (self._asks or self._asks_in_out))

    def keep_connected(self, now_ns: int) -> None:
        """Continue an attempt to connect, or begin one when it is time."""
        while self.stream is None and not self._over:
            try:
                stream = self._reconnect.step(now_ns)
            except ConnectError as error:
                self.give_up(error.error_class, str(error), now_ns)
                return
            if stream is None:
                return
            self._adopt(stream, now_ns)

    def _adopt(self, stream: SocketStream, now_ns: int) -> None:
        """Use a logged-in connection: subscribe, and go on."""
        self.stream = stream
        self._keepalive.begin(now_ns, self.load_client.pings)
        self._asks = self._asks_in_out = False
        self._out = self.load_client.opening() if self._is_open else b""
        if stream.received:
            self._hear(stream.received, now_ns)

    def _lose(self, stream: SocketStream, error: OSError, now_ns: int) -> None:
        """Read what the server sent before it closed the connection, then break.

        It may close between two sends, and then the second one fails before anything is read.
        """
        with contextlib.suppress(OSError):
            while self.stream is stream and (data := stream.receive()):
                self._on_data(data, now_ns)
        if self.stream is stream:
            self._break(str(error), now_ns)

    def _break(self, words: str, now_ns: int, since_ns: int = 0) -> None:
        """Fail what was in flight and connect again; it is broken since `since_ns`, else now."""
        if self.stream is not None:
            self.stream.close()
        self.stream = None
        self._in = b""
        self._out = b""
        self._pongs = 0
        self._unblock(now_ns)
        words = self._reconnect.on_break(words, since_ns or now_ns, now_ns)
        self.load_client.recorder.event(ErrorClass.DISCONNECTED, words)
        if self.begun:
            self.load_client.on_disconnect(words, now_ns)

    def give_up(self, error_class: ErrorClass, words: str, now_ns: int) -> None:
        """End early: what was left to do fails."""
        self.load_client.give_up(error_class, words, now_ns)
        self._over = True

    def abandon(self, now_ns: int) -> None:
        """End without what is in flight, which stays unfinished."""
        self.load_client.abandon(now_ns)
        self._over = True

    def close(self, now_ns: int) -> None:
        """Close the connection, or give up the attempt to make one."""
        self._reconnect.close(now_ns)
        if self.stream is not None:
            self.stream.close()
            self.stream = None
