"""A SIP phone for tests: registers, calls, is called, holds, watches lamps; hears and sends tones.

It does what RFC 3261 asks of a user agent and no more, and lets a test bend each message (``headers``, ``sdp``).
Waits are under a time limit and say what did not come.
"""

import asyncio
import contextlib
import secrets
import ssl
from dataclasses import dataclass
from typing import Self

from signalbox.features.demo.sip import Message, SipError, address, challenges, digest, parameter, reply
from tests.engine.conversation import ALLOW, WITHIN_S, Conversation, Watch
from tests.engine.transport import StreamWire, UdpWire, WebSocketWire, Wire


@dataclass(frozen=True)
class Place:
    """Where the exchange listens."""

    host: str = "127.0.0.1"
    udp: int = 5060
    tcp: int = 5060
    tls: int = 5061
    ws: int = 8088
    wss: int = 8089


class Phone:
    """One device of an extension. ``async with phone:`` opens and closes it; ``register`` makes it reachable."""

    def __init__(
        self,
        place: Place,
        user: str,
        password: str,
        *,
        transport: str = "udp",
        codec: str = "ulaw",
        srtp: bool = False,
        name: str = "",
        hears_hz: float = 0.0,
    ) -> None:
        self.place = place
        self.user = user
        self.password = password
        self.transport = transport
        self.codec = codec
        self.srtp = srtp
        self.name = name
        self.tone_hz = hears_hz
        self.calls: dict[str, Conversation] = {}
        self.stray: list[Message] = []
        self.patience_s = 8.0
        """How long it repeats an INVITE that nobody answers."""
        self.algorithm = ""
        """Of the digest that was asked for last."""
        self.is_busy = False
        """Answers each call with 486 and rings for none."""
        self._incoming: asyncio.Queue[Conversation] = asyncio.Queue()
        self._waiting: dict[tuple[str, str], asyncio.Queue[Message]] = {}
        self._watches: dict[str, Watch] = {}
        self._registration = secrets.token_hex(8)
        self._cseq = 0
        self._wire: Wire = Wire()

    # Addresses

    @property
    def server_uri(self) -> str:
        return f"sip:{self.place.host}"

    @property
    def uri(self) -> str:
        return f"sip:{self.user}@{self.place.host}"

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._wire.local

    @property
    def contact(self) -> str:
        host, port = self._wire.local
        return f"sip:{self.user}@{host}:{port};transport={self.transport}"

    # Life

    async def __aenter__(self) -> Self:
        insecure = ssl.create_default_context()
        insecure.check_hostname = False
        insecure.verify_mode = ssl.CERT_NONE
        place = self.place
        match self.transport:
            case "udp":
                udp = self._wire = UdpWire(self._received)
                await udp.open((place.host, place.udp))
            case "tcp" | "tls":
                stream = self._wire = StreamWire(self._received, insecure if self.transport == "tls" else None)
                await stream.open((place.host, place.tls if self.transport == "tls" else place.tcp))
            case "ws" | "wss":
                is_safe = self.transport == "wss"
                url = f"wss://{place.host}:{place.wss}/ws" if is_safe else f"ws://{place.host}:{place.ws}/ws"
                socket = self._wire = WebSocketWire(self._received, url, insecure if is_safe else None)
                await socket.open()
            case other:
                raise ValueError(other)
        return self

    async def __aexit__(self, *_: object) -> None:
        for call in list(self.calls.values()):
            if not call.ended_by:
                with contextlib.suppress(AssertionError, SipError):
                    await call.hang_up()
            call.over("us")
        await self._wire.close()

    # What a person does

    async def register(
        self,
        expires_s: int = 300,
        *headers: tuple[str, str],
        contact: str = "",
        to: str = "",
        within_s: float = WITHIN_S,
    ) -> Message:
        """Register; gives the final response, whatever it is. ``to`` is another's extension."""
        self._cseq += 1
        message = Message(
            f"REGISTER {self.server_uri} SIP/2.0",
            [
                ("From", f"<{self.uri}>;tag={secrets.token_hex(4)}"),
                ("To", f"<sip:{to or self.user}@{self.place.host}>"),
                ("Call-ID", self._registration),
                ("CSeq", f"{self._cseq} REGISTER"),
                ("Contact", contact or f"<{self.contact}>"),
                ("Expires", str(expires_s)),
                ("Max-Forwards", "70"),
                *headers,
            ],
        )
        return await self.request(message, within_s)

    async def call(
        self, number: str, *headers: tuple[str, str], sender: str = "", target: str = "", sdp: bytes | None = None
    ) -> Conversation:
        """Place a call and return at once; ``sender`` replaces the whole From but its tag, ``target`` the URI."""
        ours = secrets.token_hex(4)
        target = target or f"sip:{number}@{self.place.host}"
        call = Conversation(self, call_id=secrets.token_hex(10), ours=ours, theirs="", target=target, is_caller=True)
        await call.audio.open()
        call.audio.hertz = self.tone_hz
        escaped = self.name.replace("\\", "\\\\").replace('"', '\\"')
        shown = f'"{escaped}" ' if self.name else ""
        message = Message(
            f"INVITE {target} SIP/2.0",
            [
                ("From", f"{sender or f'{shown}<{self.uri}>'};tag={ours}"),
                ("To", f"<{target}>"),
                ("Call-ID", call.call_id),
                ("CSeq", "1 INVITE"),
                ("Contact", f"<{self.contact}>"),
                ("Allow", ALLOW),
                ("Max-Forwards", "70"),
                ("Content-Type", "application/sdp"),
                *headers,
            ],
            call.sdp() if sdp is None else sdp,
        )
        self.calls[call.call_id] = call
        call.invite = message
        try:
            await self._invited(call, message)
        except SipError:
            call.over("nobody")
            raise
        return call

    async def rings(self, within_s: float = WITHIN_S) -> Conversation:
        """Wait for the next call to come in; it rings already."""
        try:
            async with asyncio.timeout(within_s):
                return await self._incoming.get()
        except TimeoutError:
            raise AssertionError(f"{self.user} did not ring within {within_s} s") from None

    @property
    def is_quiet(self) -> bool:
        """Whether no call has come in that ``rings`` has not given yet."""
        return self._incoming.empty()

    async def subscribe(self, number: str, event: str, accept: str, expires_s: int = 300) -> Watch:
        """Watch a lamp or a mailbox; ``response`` of the result tells whether it was accepted."""
        watch = Watch(self)
        call_id = secrets.token_hex(10)
        self._watches[call_id] = watch
        target = f"sip:{number}@{self.place.host}"
        message = Message(
            f"SUBSCRIBE {target} SIP/2.0",
            [
                ("From", f"<{self.uri}>;tag={secrets.token_hex(4)}"),
                ("To", f"<{target}>"),
                ("Call-ID", call_id),
                ("CSeq", "1 SUBSCRIBE"),
                ("Contact", f"<{self.contact}>"),
                ("Event", event),
                ("Accept", accept),
                ("Expires", str(expires_s)),
                ("Max-Forwards", "70"),
            ],
        )
        watch.response = await self.request(message)
        return watch

    # Messages

    def send(self, message: Message) -> None:
        self._wire.send(message.packed())

    def send_raw(self, raw: bytes) -> None:
        """Send bytes as they are, with a Via of ours when they have none and are a request."""
        if raw.startswith(b"ACK ") and b"\r\nVia:" not in raw:
            start, _, rest = raw.partition(b"\r\n")
            raw = start + b"\r\nVia: " + self._via().encode() + b"\r\n" + rest
        self._wire.send(raw)

    async def request(self, message: Message, within_s: float = WITHIN_S) -> Message:
        """Send a request, answer one challenge, and give the final response."""
        response = await self._exchange(message, within_s)
        if response.status in (401, 407) and challenges(response):
            self._authorise(message, response)
            response = await self._exchange(message, within_s)
        return response

    def _authorise(self, message: Message, response: Message) -> None:
        method, uri = message.start.split()[:2]
        kept = ("Via", "CSeq", "Authorization")
        number = message.cseq + 1
        message.headers = [header for header in message.headers if header[0] not in kept]
        challenge = challenges(response)[0]
        self.algorithm = challenge.algorithm
        value = digest(challenge, method=method, uri=uri, user=self.user, password=self.password)
        message.headers += [("CSeq", f"{number} {method}"), ("Authorization", value)]
        self._cseq = max(self._cseq, number)

    async def _exchange(self, message: Message, within_s: float) -> Message:
        via = self._via()
        message.headers.insert(0, ("Via", via))
        key = (parameter(via, "branch"), message.method)
        answers = self._waiting[key] = asyncio.Queue()
        wait_s = 0.5
        try:
            async with asyncio.timeout(within_s):
                self.send(message)
                while True:
                    try:
                        async with asyncio.timeout(wait_s if self.transport == "udp" else None):
                            response = await answers.get()
                    except TimeoutError:
                        self.send(message)
                        wait_s = min(wait_s * 2, 4)
                        continue
                    if response.status >= 200:
                        if message.method == "INVITE" and response.status >= 300:
                            self._acknowledge_failure(message, response)
                        return response
                    wait_s = within_s
        except TimeoutError:
            raise SipError(f"{self.user}: no answer to {message.start!r} within {within_s} s") from None
        finally:
            del self._waiting[key]

    def _acknowledge_failure(self, message: Message, response: Message) -> None:
        kept = ("Via", "From", "Call-ID", "Max-Forwards", "Route")
        ack = Message(message.start.replace("INVITE", "ACK", 1))
        ack.headers = [header for header in message.headers if header[0] in kept]
        ack.headers += [("To", response.get("To")), ("CSeq", f"{message.cseq} ACK")]
        self.send(ack)

    async def _invited(self, call: Conversation, message: Message) -> None:
        """Send the INVITE and see it through its challenge; later answers reach ``call`` by themselves."""
        first = await self._first(message)
        if first.status in (401, 407) and challenges(first):
            self._acknowledge_failure(message, first)
            self._authorise(message, first)
            call._cseq = message.cseq
            first = await self._first(message)
        call._cseq = message.cseq
        if first.status >= 200:
            self._invite_ended(call, first)
        else:
            call.received(first)

    async def _first(self, message: Message) -> Message:
        via = self._via()
        message.headers.insert(0, ("Via", via))
        key = (parameter(via, "branch"), "INVITE")
        answers = self._waiting[key] = asyncio.Queue()
        try:
            async with asyncio.timeout(self.patience_s):
                wait_s = 0.5
                while True:
                    self.send(message)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(wait_s if self.transport == "udp" else None):
                            return await answers.get()
                    wait_s *= 2
        except TimeoutError:
            raise SipError(f"{self.user}: no answer to {message.start[:80]!r}") from None
        finally:
            del self._waiting[key]

    def _invite_ended(self, call: Conversation, response: Message) -> None:
        call.received(response)
        if response.status >= 300:
            assert call.invite is not None
            self._acknowledge_failure(call.invite, response)
            call.over(str(response.status))

    def _via(self) -> str:
        host, port = self._wire.local
        return f"SIP/2.0/{self._wire.name} {host}:{port};branch=z9hG4bK{secrets.token_hex(8)};rport"

    def _received(self, message: Message) -> None:
        if message.is_response:
            self._response(message)
        else:
            self._request(message)

    def _response(self, message: Message) -> None:
        waiting = self._waiting.get((message.branch, message.method))
        if waiting is not None:
            waiting.put_nowait(message)
        elif message.method == "INVITE" and (call := self.calls.get(message.get("Call-ID"))) is not None:
            if message.status == 401 or (call.is_up and message.status != 200):
                return
            self._invite_ended(call, message)

    def _request(self, message: Message) -> None:
        call_id = message.get("Call-ID")
        call = self.calls.get(call_id)
        if call is not None:
            if message.method == "INVITE" and not parameter(message.get("To"), "tag"):
                call.repeat()
            else:
                call.received(message)
        elif message.method == "INVITE":
            if self.is_busy:
                self.send(reply(message, 486, "Busy Here", secrets.token_hex(4)))
            else:
                self._ring(message)
        elif message.method == "NOTIFY":
            self.send(reply(message, 200, "OK", ""))
            if (watch := self._watches.get(call_id)) is not None:
                watch.notified(message)
            else:
                self.stray.append(message)
        elif message.method != "ACK":
            self.stray.append(message)
            status, reason = (200, "OK") if message.method in ("OPTIONS", "MESSAGE") else (481, "No Such Call")
            self.send(reply(message, status, reason, secrets.token_hex(4)))

    def _ring(self, message: Message) -> None:
        call = Conversation(
            self,
            call_id=message.get("Call-ID"),
            ours=secrets.token_hex(4),
            theirs=parameter(message.get("From"), "tag"),
            target=address(message.get("Contact")),
            is_caller=False,
        )
        call.invite = message
        call._routes = message.all("Record-Route")
        self.calls[call.call_id] = call
        self.send(reply(message, 100, "Trying", ""))
        self._opening = asyncio.get_running_loop().create_task(self._opened(call))

    async def _opened(self, call: Conversation) -> None:
        await call.audio.open()
        call.audio.hertz = self.tone_hz
        call.ring()
        self._incoming.put_nowait(call)
