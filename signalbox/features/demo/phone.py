"""A sample phone: a small SIP user agent over UDP (RFC 3261) that registers, calls and is called on this machine.

Between two programs of one machine nothing is lost, so answers are repeated when a request comes again and never else.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable

from signalbox.features.demo.dialog import Dialog
from signalbox.features.demo.sip import Message, SipError, challenges, digest, parameter, parsed, reply
from signalbox.kernel.tasks import TaskSet

RESEND_S = 0.5
ANSWER_WITHIN_S = 5.0
EXPIRES_S = 120
AGENT = ("User-Agent", "Signalbox demo")


class Phone(asyncio.DatagramProtocol):
    """One device; ``rang`` is told of each call that comes in and decides what becomes of it."""

    def __init__(
        self, server: tuple[str, int], number: str, secret: str, which: int, rang: Callable[[Dialog], None]
    ) -> None:
        self.number = number
        self.host = server[0]
        self.which = which
        self.dialogs: dict[str, Dialog] = {}
        self.is_registered = False
        self.tasks = TaskSet()
        self._server = server
        self._secret = secret
        self._rang = rang
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[tuple[str, str], asyncio.Queue[Message]] = {}
        self._registration = secrets.token_hex(8)
        self._cseq = 0

    # Addresses

    @property
    def domain(self) -> str:
        """The host as a URI has it."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def uri(self) -> str:
        """Who it is."""
        return f"sip:{self.number}@{self.domain}"

    @property
    def contact(self) -> str:
        """Where it is reached."""
        return f"<sip:{self.number}@{self.domain}:{self._port}>"

    @property
    def _port(self) -> int:
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    # Life

    async def open(self) -> None:
        """Take a free port."""
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=(self.host, 0))

    async def close(self) -> None:
        """Hang up, tell the exchange that it is gone, and close."""
        for dialog in list(self.dialogs.values()):
            with contextlib.suppress(SipError):
                await dialog.hang_up()
        if self.is_registered:
            with contextlib.suppress(SipError):
                await self.register(0)
        await self.tasks.stop()
        if self._transport is not None:
            self._transport.close()

    async def register(self, expires_s: int = EXPIRES_S, contact: str = "") -> None:
        """Register for a while; 0 ends it, and so does ``*`` as ``contact`` for every device of the extension.

        Raises ``SipError`` when that is refused or nobody answers.
        """
        self._cseq += 1
        headers = [
            ("From", f"<{self.uri}>;tag={secrets.token_hex(4)}"),
            ("To", f"<{self.uri}>"),
            ("Call-ID", self._registration),
            ("CSeq", f"{self._cseq} REGISTER"),
            ("Contact", contact or self.contact),
            ("Expires", str(expires_s)),
            ("Max-Forwards", "70"),
            AGENT,
        ]
        response = await self.request(Message(f"REGISTER sip:{self.domain} SIP/2.0", headers))
        self._cseq += 1  # the answer to the challenge took one
        self.is_registered = response.status == 200 and expires_s > 0
        if response.status != 200:
            raise SipError(f"extension {self.number} was refused: {response.start[8:]}")

    def call(self, number: str) -> Dialog:
        """Place a call; the dialog tells what becomes of it."""
        dialog = Dialog.outgoing(self, number)
        self.dialogs[dialog.call_id] = dialog
        self.tasks.start(dialog.invite(), f"demo call {self.number}")
        return dialog

    # Messages

    def via(self) -> str:
        """A Via of ours with a new branch."""
        return f"SIP/2.0/UDP {self.domain}:{self._port};branch=z9hG4bK{secrets.token_hex(8)};rport"

    def send(self, message: Message) -> None:
        """Send without waiting."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(message.packed(), self._server)

    async def request(self, message: Message) -> Message:
        """Send a request, answer one challenge, and give the final response. Raises ``SipError`` without one."""
        response = await self.transact(message, ANSWER_WITHIN_S)
        if response.status in (401, 407):
            self.authorise(message, response)
            response = await self.transact(message, ANSWER_WITHIN_S)
        return response

    def authorise(self, message: Message, response: Message) -> None:
        """Make ``message`` the answer to a challenge. Raises ``SipError`` when there is none that we know."""
        if not (offered := challenges(response)):
            raise SipError(f"extension {self.number}: {response.start[8:]} without a challenge")
        method, uri = message.start.split()[:2]
        number = message.cseq + 1
        value = digest(offered[0], method=method, uri=uri, user=self.number, password=self._secret)
        message.headers = [each for each in message.headers if each[0] not in ("Via", "CSeq", "Authorization")]
        message.headers += [("CSeq", f"{number} {method}"), ("Authorization", value)]

    async def transact(
        self, message: Message, within_s: float, provisional: Callable[[Message], None] = lambda _: None
    ) -> Message:
        """Send with a new Via, again and again until there is an answer; gives the final one. Raises ``SipError``."""
        via = self.via()
        message.headers.insert(0, ("Via", via))
        key = (parameter(via, "branch"), message.method)
        answers = self._waiting[key] = asyncio.Queue()
        try:
            async with asyncio.timeout(within_s):
                response = await self._first(message, answers)
                while response.status < 200:
                    provisional(response)
                    response = await answers.get()
        except TimeoutError:
            raise SipError(f"extension {self.number}: no answer to {message.method} within {within_s:g} s") from None
        finally:
            del self._waiting[key]
        if message.method == "INVITE" and response.status >= 300:
            self._acknowledge(message, response)
        return response

    async def _first(self, message: Message, answers: asyncio.Queue[Message]) -> Message:
        wait_s = RESEND_S
        while True:
            self.send(message)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    return await answers.get()
            wait_s *= 2

    def _acknowledge(self, message: Message, response: Message) -> None:
        """Take note of a refusal (RFC 3261 17.1.1.3)."""
        kept = ("Via", "From", "Call-ID", "Max-Forwards", "Route")
        ack = Message(message.start.replace("INVITE", "ACK", 1))
        ack.headers = [each for each in message.headers if each[0] in kept]
        ack.headers += [("To", response.get("To")), ("CSeq", f"{message.cseq} ACK")]
        self.send(ack)

    # What arrives

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # typeshed's base is wider
        self._transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not data.strip():
            return  # a keep-alive
        with contextlib.suppress(SipError, ValueError, IndexError):  # noise from elsewhere
            message = parsed(data)
            if message.is_response:
                self._answered(message)
            else:
                self._asked(message)

    def _answered(self, response: Message) -> None:
        waiting = self._waiting.get((response.branch, response.method))
        if waiting is not None:
            waiting.put_nowait(response)
        elif response.method == "INVITE" and (dialog := self.dialogs.get(response.get("Call-ID"))) is not None:
            dialog.acknowledge_again(response)

    def _asked(self, request: Message) -> None:
        call_id = request.get("Call-ID")
        dialog = self.dialogs.get(call_id)
        if dialog is not None:
            dialog.asked(request)
        elif request.method == "INVITE":
            dialog = self.dialogs[call_id] = Dialog.incoming(self, request)
            self._rang(dialog)
        elif request.method != "ACK":
            is_known = request.method in ("OPTIONS", "NOTIFY")
            status, reason = (200, "OK") if is_known else (481, "Call/Transaction Does Not Exist")
            self.send(reply(request, status, reason, secrets.token_hex(4)))

    def ended(self, dialog: Dialog) -> None:
        """Forget a call that is over."""
        self.dialogs.pop(dialog.call_id, None)
