"""Remove every contact of a phone, as the phone itself would (RFC 3261 10.2.2): REGISTER with ``Contact: *``.

The only way that needs no further module: deleting rows or Asterisk's own records of contacts leaves the device state
as it was, and waiting for expiry leaves a removed phone reachable. Only the digest of the secret is needed.
"""

import asyncio
import hashlib
import re
import secrets
from dataclasses import dataclass

WITHIN_S = 3.0
RESEND_S = 0.5


class UnregisterError(Exception):
    """Asterisk did not confirm that the contacts are gone."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who unregisters: the endpoint's id and MD5 of ``id:realm:secret`` in hex."""

    id: str
    realm: str
    ha1: str


class _Exchange(asyncio.DatagramProtocol):
    """One request and its final answer."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        text = data.decode("utf-8", "replace")
        if re.match(r"SIP/2\.0 [2-6]", text) and not self.answer.done():
            self.answer.set_result(text)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def unregister(host: str, port: int, identity: Identity) -> None:
    """Remove all contacts of ``identity`` at the Asterisk on ``host:port`` (UDP). Raises ``UnregisterError``."""
    call_id = secrets.token_hex(12)
    try:
        async with asyncio.timeout(WITHIN_S):
            challenge = await _ask(host, port, identity, call_id, 1, "")
            answer = await _ask(host, port, identity, call_id, 2, _authorization(challenge, host, port, identity))
    except (TimeoutError, OSError) as error:
        raise UnregisterError(f"{identity.id}: no answer on {host}:{port}") from error
    if _status(answer) != 200:
        raise UnregisterError(f"{identity.id}: answered {_status(answer)}")


async def _ask(host: str, port: int, identity: Identity, call_id: str, cseq: int, authorization: str) -> str:
    transport, exchange = await asyncio.get_running_loop().create_datagram_endpoint(_Exchange, remote_addr=(host, port))
    try:
        own_host, own_port = transport.get_extra_info("sockname")[:2]
        request = _request(f"{host}:{port}", f"{own_host}:{own_port}", identity.id, call_id, cseq, authorization)
        while True:
            transport.sendto(request)
            done, _ = await asyncio.wait([exchange.answer], timeout=RESEND_S)
            if done:
                return exchange.answer.result()
    finally:
        transport.close()


def _request(server: str, own: str, user: str, call_id: str, cseq: int, authorization: str) -> bytes:
    lines = [
        f"REGISTER sip:{server} SIP/2.0",
        f"Via: SIP/2.0/UDP {own};branch=z9hG4bK{call_id}{cseq};rport",
        "Max-Forwards: 1",
        f"From: <sip:{user}@{server}>;tag={call_id[:8]}",
        f"To: <sip:{user}@{server}>",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} REGISTER",
        "Contact: *",
        "Expires: 0",
        *([f"Authorization: {authorization}"] if authorization else []),
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def _status(answer: str) -> int:
    return int(answer[8:11])


def _authorization(challenge: str, host: str, port: int, identity: Identity) -> str:
    """Answer the MD5 challenge among those offered (RFC 2617, qop=auth)."""
    offers = re.findall(r"^WWW-Authenticate: *Digest (.*)$", challenge, re.MULTILINE | re.IGNORECASE)
    for offer in offers:
        given = {key.lower(): value for key, value in re.findall(r'(\w+)="?([^",\r]*)"?', offer)}
        if given.get("algorithm", "MD5").upper() == "MD5" and given.get("realm") == identity.realm:
            return _answer(given, f"sip:{host}:{port}", identity)
    raise UnregisterError(f"{identity.id}: answered {_status(challenge)} without an MD5 challenge for our realm")


def _answer(given: dict[str, str], uri: str, identity: Identity) -> str:
    cnonce = secrets.token_hex(8)
    request = _md5(f"REGISTER:{uri}")
    response = _md5(f"{identity.ha1}:{given['nonce']}:00000001:{cnonce}:auth:{request}")
    opaque = f', opaque="{given["opaque"]}"' if "opaque" in given else ""
    return (
        f'Digest username="{identity.id}", realm="{identity.realm}", nonce="{given["nonce"]}", uri="{uri}", '
        f'response="{response}", algorithm=MD5, cnonce="{cnonce}", qop=auth, nc=00000001{opaque}'
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
