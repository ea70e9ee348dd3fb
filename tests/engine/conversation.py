"""One call, and one subscription, as a test phone sees it. The phone itself is in ``phones.py``."""

import asyncio
import base64
import re
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from signalbox.features.demo.sip import Message, address, display_name, parameter, reply, user_of
from tests.engine.tones import Audio, Srtp

if TYPE_CHECKING:
    from tests.engine.phones import Phone

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, UPDATE, INFO, REFER, MESSAGE"
CODECS = {"ulaw": (0, "PCMU"), "alaw": (8, "PCMA")}
WITHIN_S = 5.0


class Conversation:
    """One call as its phone sees it, in either direction."""

    def __init__(self, phone: "Phone", *, call_id: str, ours: str, theirs: str, target: str, is_caller: bool) -> None:
        self.phone = phone
        self.call_id = call_id
        self.ours = ours
        self.theirs = theirs
        self.target = target
        self.is_caller = is_caller
        self.invite: Message | None = None
        self.statuses: list[int] = []
        self.final: Message | None = None
        self.ended_by = ""
        self.is_up = False
        self.reinvites: list[Message] = []
        self.audio = Audio(CODECS[phone.codec][0])
        self._news = asyncio.Event()
        self._cseq = secrets.randbelow(10000)
        self._session = 0
        self._ack: bytes = b""
        self._routes: list[str] = []
        self._final_reply: Message | None = None

    @property
    def caller_name(self) -> str:
        """The name that a called phone would show."""
        assert self.invite is not None
        return display_name(self.invite.get("From"))

    @property
    def caller_number(self) -> str:
        """The number that a called phone would show."""
        assert self.invite is not None
        return user_of(address(self.invite.get("From")))

    @property
    def status(self) -> int:
        """The final status of a call we made, 0 before it."""
        return self.final.status if self.final else 0

    async def until(self, predicate: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> None:
        """Wait for ``predicate``, asked again at each message; raises ``AssertionError`` naming ``what``."""
        try:
            async with asyncio.timeout(within_s):
                while not predicate():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(
                f"{self.phone.user}: {what} did not come within {within_s} s; "
                f"saw {self.statuses}, final {self.status}, ended by {self.ended_by!r}"
            ) from None

    async def ringing(self, within_s: float = WITHIN_S) -> Self:
        await self.until(lambda: 180 in self.statuses or 183 in self.statuses, "ringing", within_s)
        return self

    async def answered(self, within_s: float = WITHIN_S) -> Self:
        await self.until(lambda: self.is_up, "the answer", within_s)
        return self

    async def ended(self, within_s: float = WITHIN_S) -> str:
        """Wait for the end; who or what ended it: ``them``, ``us``, or the status that refused the call."""
        await self.until(lambda: bool(self.ended_by), "the end", within_s)
        return self.ended_by

    async def answer(self) -> Self:
        """Take a call that came in; returns when the exchange has acknowledged."""
        assert self.invite is not None
        self._listen_to(self.invite)
        self._respond(self.invite, 200, "OK", self.sdp())
        await self.until(lambda: self.is_up or bool(self.ended_by), "the ACK")
        return self

    def ring(self) -> None:
        assert self.invite is not None
        self._respond(self.invite, 180, "Ringing")

    def reject(self, status: int = 486, reason: str = "Busy Here", *headers: tuple[str, str]) -> None:
        assert self.invite is not None
        self._respond(self.invite, status, reason, headers=headers)
        self.over("us")

    async def hang_up(self) -> None:
        """End it from our side: CANCEL before the answer, BYE after it."""
        if self.ended_by:
            return
        if self.is_caller and not self.is_up:
            await self._cancel()
        else:
            self.over("us")
            await self.request("BYE")

    async def hold(self) -> None:
        await self.reinvite("sendonly")

    async def resume(self) -> None:
        await self.reinvite("sendrecv")

    async def reinvite(self, direction: str = "sendrecv") -> Message:
        """Offer new media in the dialog and use the answer."""
        self.audio.sending = direction in ("sendrecv", "sendonly")
        response = await self.request("INVITE", self.sdp(direction), ("Content-Type", "application/sdp"))
        if response.status == 200:
            self._acknowledge(response)
            self._listen_to(response)
        return response

    async def request(self, method: str, body: bytes = b"", *headers: tuple[str, str]) -> Message:
        """Send a request in the dialog; gives its final response."""
        self._cseq += 1
        message = Message(f"{method} {self.target} SIP/2.0", [*self._dialog(method), *headers], body)
        return await self.phone.request(message)

    def sdp(self, direction: str = "sendrecv") -> bytes:
        """Our offer or answer: one G.711 codec, telephone events, SDES keys when the phone encrypts."""
        payload, name = CODECS[self.phone.codec]
        self._session += 1
        profile = "RTP/AVP"
        lines = [
            "v=0",
            f"o=- 1 {self._session} IN IP4 127.0.0.1",
            "s=-",
            "c=IN IP4 127.0.0.1",
            "t=0 0",
        ]
        keys = []
        if self.phone.srtp:
            profile = "RTP/SAVP"
            self.audio.encrypt = self.audio.encrypt or Srtp()
            keys = [f"a=crypto:1 {Srtp.SUITE} inline:{base64.b64encode(self.audio.encrypt.key).decode()}"]
        lines += [
            f"m=audio {self.audio.port} {profile} {payload} 101",
            f"a=rtpmap:{payload} {name}/8000",
            "a=rtpmap:101 telephone-event/8000",
            *keys,
            f"a={direction}",
        ]
        return ("\r\n".join(lines) + "\r\n").encode()

    def over(self, by: str) -> None:
        """Note the end, whoever caused it; frees the media."""
        if not self.ended_by:
            self.ended_by = by
            self.audio.close()
        self._news.set()

    def received(self, message: Message) -> None:
        """Take a request of this dialog, or a response to our INVITE."""
        if message.is_response:
            self._answer_came(message)
        elif message.method == "ACK":
            self.is_up = self._final_reply is not None and self._final_reply.status == 200
        elif message.method in ("BYE", "CANCEL"):
            self._ended_by_them(message)
        elif message.method in ("INVITE", "UPDATE"):
            self._media_changed(message)
        else:
            self.phone.send(reply(message, 200, "OK", self.ours))
        self._news.set()

    def _answer_came(self, response: Message) -> None:
        if response.status < 200:
            self.statuses.append(response.status)
            if b"m=audio" in response.body:
                self._listen_to(response)
            return
        if self.final is not None:
            if response.status == 200 and self._ack:
                self.phone.send_raw(self._ack)
            return
        self.theirs = parameter(response.get("To"), "tag")
        self.final = response
        if response.status == 200:
            self.target = address(response.get("Contact"))
            self._routes = list(reversed(response.all("Record-Route")))
            self._listen_to(response)
            self._acknowledge(response)
            self.is_up = True

    def _acknowledge(self, response: Message) -> None:
        headers = [header for header in self._dialog("ACK") if header[0] != "CSeq"]
        ack = Message(f"ACK {self.target} SIP/2.0", [*headers, ("CSeq", f"{response.cseq} ACK")])
        self._ack = ack.packed()
        self.phone.send_raw(self._ack)

    def _ended_by_them(self, message: Message) -> None:
        self.phone.send(reply(message, 200, "OK", self.ours))
        if message.method == "CANCEL" and self.invite is not None:
            self._respond(self.invite, 487, "Request Terminated")
        self.is_up = False
        self.over("them")

    def _media_changed(self, message: Message) -> None:
        if message.method == "INVITE":
            self.reinvites.append(message)
        if message.body:
            self._listen_to(message)
        self._respond(message, 200, "OK", self.sdp() if message.method == "INVITE" or message.body else b"")

    def _respond(
        self,
        request: Message,
        status: int,
        reason: str,
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        response = reply(request, status, reason, self.ours)
        response.headers += [("Contact", f"<{self.phone.contact}>"), ("Allow", ALLOW), *headers]
        if body:
            response.headers.append(("Content-Type", "application/sdp"))
            response.body = body
        if status >= 200 and request is self.invite:
            self._final_reply = response
        self.phone.send(response)

    def repeat(self) -> None:
        """The INVITE came again: our last answer was lost."""
        if self._final_reply is not None:
            self.phone.send(self._final_reply)

    def _dialog(self, method: str) -> list[tuple[str, str]]:
        me, them = f"<{self.phone.uri}>;tag={self.ours}", f"<{self.phone.server_uri}>;tag={self.theirs}"
        if self.is_caller and self.invite is not None:
            me, them = self.invite.get("From"), self.invite.get("To")
            them += f";tag={self.theirs}" if self.theirs else ""
        elif self.invite is not None:
            me, them = f"{self.invite.get('To')};tag={self.ours}", self.invite.get("From")
        routes = [("Route", route) for route in self._routes]
        return [
            *routes,
            ("From", me),
            ("To", them),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self._cseq} {method}"),
            ("Contact", f"<{self.phone.contact}>"),
            ("Max-Forwards", "70"),
        ]

    async def _cancel(self) -> None:
        assert self.invite is not None
        await self.until(lambda: bool(self.statuses or self.final), "a provisional answer")
        cancel = Message(self.invite.start.replace("INVITE", "CANCEL", 1))
        kept = ("Via", "From", "To", "Call-ID", "Max-Forwards", "Route")
        cancel.headers = [header for header in self.invite.headers if header[0] in kept]
        cancel.headers.append(("CSeq", f"{self.invite.cseq} CANCEL"))
        self.phone.send(cancel)
        await self.ended()

    def _listen_to(self, message: Message) -> None:
        found = re.search(r"m=audio (\d+)", message.text)
        host = re.search(r"c=IN IP4 (\S+)", message.text)
        if found is None or host is None:
            return
        self.audio.remote = (host[1], int(found[1]))
        key = re.search(rf"a=crypto:\d+ {Srtp.SUITE} inline:(\S+)", message.text)
        if key is not None:
            raw = base64.b64decode(key[1].partition("|")[0])
            if self.audio.decrypt is None or self.audio.decrypt.key != raw:
                self.audio.decrypt = Srtp(raw)


class Watch:
    """A subscription: ``bodies`` holds what each NOTIFY said, oldest first."""

    def __init__(self, phone: "Phone") -> None:
        self.phone = phone
        self.bodies: list[str] = []
        self.states: list[str] = []
        self.response: Message | None = None
        self._news = asyncio.Event()

    def notified(self, message: Message) -> None:
        self.bodies.append(message.text)
        self.states.append(message.get("Subscription-State"))
        self._news.set()

    async def shows(self, text: str, within_s: float = WITHIN_S) -> None:
        """Wait until the newest NOTIFY holds ``text``."""
        try:
            async with asyncio.timeout(within_s):
                while not self.bodies or text not in self.bodies[-1]:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{self.phone.user}: no NOTIFY with {text!r}, got {self.bodies}") from None
