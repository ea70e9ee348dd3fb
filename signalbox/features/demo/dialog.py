"""One call as a sample phone sees it, in either direction: ring, answer, hold, hang up, and its media."""

import asyncio
import re
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from signalbox.features.demo.media import PAYLOAD, RATE, Stream
from signalbox.features.demo.sip import Message, SipError, address, parameter, reply, user_of

if TYPE_CHECKING:
    from signalbox.features.demo.phone import Phone

ALLOW = ("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, UPDATE")
INVITE_WITHIN_S = 120.0
_SDP = ("Content-Type", "application/sdp")


class Dialog:
    """Made by ``Phone``. ``status`` is the final answer of a call that was placed, 0 before it."""

    def __init__(self, phone: "Phone", call_id: str, invite: Message, *, is_caller: bool) -> None:
        self.call_id = call_id
        self.status = 0
        self.is_up = False
        self.is_over = False
        self.stream = Stream(phone.which)
        self._phone = phone
        self._invite = invite
        self._is_caller = is_caller
        self._tag = secrets.token_hex(4)
        self._cseq = 1
        self._sdp_version = 0
        self._is_ringing = False
        self._is_given_up = False
        self._news = asyncio.Event()
        self._last: Message | None = None
        """Our last answer to their INVITE, or our ACK to their answer: sent again when theirs comes again."""
        self._target = address(invite.get("Contact"))
        self._theirs = invite.get("From")

    @classmethod
    def outgoing(cls, phone: "Phone", number: str) -> Self:
        """Prepare a call to ``number``; ``invite`` places it."""
        call_id = secrets.token_hex(10)
        target = f"sip:{number}@{phone.domain}"
        invite = Message(f"INVITE {target} SIP/2.0", [("To", f"<{target}>"), ("Contact", f"<{target}>")])
        return cls(phone, call_id, invite, is_caller=True)

    @classmethod
    def incoming(cls, phone: "Phone", request: Message) -> Self:
        """Take a call that comes in; nothing is answered yet but that it has come."""
        dialog = cls(phone, request.get("Call-ID"), request, is_caller=False)
        phone.send(reply(request, 100, "Trying", ""))
        return dialog

    @property
    def number(self) -> str:
        """The number of the phone whose side this is."""
        return self._phone.number

    @property
    def caller(self) -> str:
        """The number that the call came from."""
        return user_of(address(self._invite.get("From")))

    async def until(self, happened: Callable[[], bool], within_s: float) -> bool:
        """Wait for ``happened``, asked again with each message, or for the end; tell whether it was in time."""
        try:
            async with asyncio.timeout(within_s):
                while not (happened() or self.is_over):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def goes_on(self, seconds: float) -> bool:
        """Stay in the call for ``seconds``; tell whether it still goes on after them."""
        await self.until(lambda: False, seconds)
        return not self.is_over

    # The caller's side

    async def invite(self) -> None:
        """Place the call and see it through to its answer."""
        phone = self._phone
        await self.stream.open(phone.host)
        self._theirs = self._invite.get("To")
        message = Message(self._invite.start, [*self._headers("INVITE"), _SDP, ALLOW], self._sdp())
        self._invite = message
        try:
            response = await phone.transact(message, INVITE_WITHIN_S, self._rings)
            if response.status == 401 and not self.is_over:
                phone.authorise(message, response)
                self._cseq = message.cseq
                response = await phone.transact(message, INVITE_WITHIN_S, self._rings)
        except SipError:
            self._end()
            return
        self.status = response.status
        if response.status >= 300:
            self._end()
            return
        self._theirs = response.get("To")
        self._target = address(response.get("Contact"))
        self._hear(response)
        self._acknowledge(response)
        if self._is_given_up:
            self._end()
            await self._bye()
            return
        self.is_up = True
        self._news.set()

    def _rings(self, _response: Message) -> None:
        self._is_ringing = True
        self._news.set()

    def _acknowledge(self, response: Message) -> None:
        headers = [each for each in self._headers("ACK") if each[0] != "CSeq"]
        headers = [("Via", self._phone.via()), *headers, ("CSeq", f"{response.cseq} ACK")]
        self._last = Message(f"ACK {self._target} SIP/2.0", headers)
        self._phone.send(self._last)

    def acknowledge_again(self, response: Message) -> None:
        """Their answer came again: our ACK was lost."""
        if response.status == 200 and self._last is not None and self._last.method == "ACK":
            self._phone.send(self._last)

    # The called side

    def ring(self) -> None:
        """Say that it rings."""
        self._answer(self._invite, 180, "Ringing")

    def reject(self, status: int, reason: str) -> None:
        """Refuse the call."""
        self._answer(self._invite, status, reason)
        self._end()

    async def answer(self) -> None:
        """Take the call."""
        await self.stream.open(self._phone.host)
        if self.is_over:
            self.stream.close()
            return
        self._hear(self._invite)
        self._answer(self._invite, 200, "OK", self._sdp())
        self.is_up = True

    # Both

    async def hold(self) -> None:
        """Put the other side on hold. Raises ``SipError`` when it was refused."""
        await self._reinvite("sendonly")

    async def resume(self) -> None:
        """Take the other side back. Raises ``SipError`` when it was refused."""
        await self._reinvite("sendrecv")

    async def hang_up(self) -> None:
        """End the call from this side, whatever its state. Raises ``SipError`` when nobody took note."""
        if self.is_over:
            return
        if self.is_up:
            self._end()
            await self._bye()
        elif self._is_caller:
            await self._give_up()
        else:
            self.reject(480, "Temporarily Unavailable")

    async def _bye(self) -> None:
        self._cseq += 1
        await self._phone.request(Message(f"BYE {self._target} SIP/2.0", self._headers("BYE")))

    async def _give_up(self) -> None:
        """Cancel a call that nobody has answered; ``invite`` ends one that is answered at the same moment."""
        self._is_given_up = True
        if await self.until(lambda: self._is_ringing, 2.0) and self.is_over:  # before any answer CANCEL means nothing
            return
        cancel = Message(self._invite.start.replace("INVITE", "CANCEL", 1))
        kept = ("Via", "From", "To", "Call-ID", "Max-Forwards")
        cancel.headers = [each for each in self._invite.headers if each[0] in kept]
        cancel.headers.append(("CSeq", f"{self._invite.cseq} CANCEL"))
        self._phone.send(cancel)
        await self.goes_on(5.0)
        self._end()

    async def _reinvite(self, direction: str) -> None:
        self._cseq += 1
        self.stream.is_talking = direction == "sendrecv"
        message = Message(f"INVITE {self._target} SIP/2.0", [*self._headers("INVITE"), _SDP], self._sdp(direction))
        response = await self._phone.request(message)
        self._cseq = message.cseq
        if response.status != 200:
            raise SipError(f"extension {self._phone.number}: {direction} was refused: {response.start[8:]}")
        self._hear(response)
        self._acknowledge(response)

    def asked(self, request: Message) -> None:
        """Take a request of this call."""
        match request.method:
            case "ACK":
                pass
            case "INVITE" if not parameter(request.get("To"), "tag"):
                if self._last is not None:
                    self._phone.send(self._last)
            case "INVITE" | "UPDATE" if not self.is_over:
                self._hear(request)
                self._answer(request, 200, "OK", self._sdp() if request.body or request.method == "INVITE" else b"")
            case "BYE" | "CANCEL":
                self._phone.send(reply(request, 200, "OK", self._tag))
                if request.method == "CANCEL" and not self.is_over:
                    self._answer(self._invite, 487, "Request Terminated")
                self._end()
            case _:
                self._phone.send(reply(request, 200, "OK", self._tag))
        self._news.set()

    def _answer(self, request: Message, status: int, reason: str, body: bytes = b"") -> None:
        response = reply(request, status, reason, self._tag)
        response.headers += [("Contact", self._phone.contact), ALLOW]
        if body:
            response.headers.append(_SDP)
            response.body = body
        if request is self._invite:
            self._last = response
        self._phone.send(response)

    def _end(self) -> None:
        if self.is_over:
            return
        self.is_up = False
        self.is_over = True
        self.stream.close()
        self._phone.ended(self)
        self._news.set()

    def _headers(self, method: str) -> list[tuple[str, str]]:
        ours = f"<{self._phone.uri}>;tag={self._tag}"
        return [
            ("From", ours),
            ("To", self._theirs),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self._cseq} {method}"),
            ("Contact", self._phone.contact),
            ("Max-Forwards", "70"),
        ]

    def _sdp(self, direction: str = "sendrecv") -> bytes:
        self._sdp_version += 1
        host = self._phone.host
        where = f"IN {'IP6' if ':' in host else 'IP4'} {host}"
        lines = (
            *("v=0", f"o=- 1 {self._sdp_version} {where}", "s=-", f"c={where}", "t=0 0"),
            *(f"m=audio {self.stream.port} RTP/AVP {PAYLOAD}", f"a=rtpmap:{PAYLOAD} PCMU/{RATE}", f"a={direction}"),
        )
        return "".join(f"{line}\r\n" for line in lines).encode()

    def _hear(self, message: Message) -> None:
        port = re.search(r"m=audio (\d+)", message.text)
        host = re.search(r"c=IN IP[46] (\S+)", message.text)
        if port is not None and host is not None:
            self.stream.remote = (host[1], int(port[1]))
