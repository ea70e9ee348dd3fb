"""SIP messages as phones speak them (RFC 3261): parse, build, digest. Nothing here sends or waits.

Lenient on purpose: the tests' phones build with it what a well-behaved library would refuse.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field

SHORT = {"f": "from", "t": "to", "v": "via", "i": "call-id", "m": "contact", "l": "content-length", "o": "event"}
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


class SipError(Exception):
    """The bytes are not a SIP message, or the peer answered something that the phone cannot use."""


@dataclass
class Message:
    """A request or response; ``start`` is the first line, header names keep their spelling."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def get(self, name: str) -> str:
        """The first value of a header, empty when there is none."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """Every value of a header in order; short names count as their long ones."""
        wanted = name.lower()
        return [value for key, value in self.headers if SHORT.get(key.lower(), key.lower()) == wanted]

    @property
    def is_response(self) -> bool:
        return self.start.startswith("SIP/2.0 ")

    @property
    def status(self) -> int:
        return int(self.start.split()[1])

    @property
    def method(self) -> str:
        """The request's method, or that of the request which this response answers."""
        return self.get("CSeq").split()[-1] if self.is_response else self.start.split()[0]

    @property
    def cseq(self) -> int:
        return int(self.get("CSeq").split()[0])

    @property
    def branch(self) -> str:
        return parameter(self.get("Via"), "branch")

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def packed(self) -> bytes:
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + self.body


def parsed(raw: bytes) -> Message:
    """Read one whole message; raises ``SipError``."""
    head, separator, body = raw.partition(b"\r\n\r\n")
    if not separator:
        raise SipError("no empty line")
    start, *lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "replace")).split("\r\n")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise SipError(f"not a header: {line!r}")
        headers.append((name.strip(), value.strip()))
    return Message(start, headers, body)


def parameter(value: str, name: str) -> str:
    """A ``;name=value`` parameter, empty when absent."""
    found = re.search(rf';\s*{name}=("[^"]*"|[^;>,\s]*)', value)
    return found[1].strip('"') if found else ""


def address(value: str) -> str:
    """The URI between the angle brackets of From, To or Contact."""
    found = re.search(r"<([^>]*)>", value)
    return found[1] if found else value.split(";")[0].strip()


def display_name(value: str) -> str:
    """The display name of From or To without its quotes."""
    return value.partition("<")[0].strip().strip('"')


def user_of(uri: str) -> str:
    """The user part of a SIP URI."""
    return uri.partition(":")[2].partition("@")[0]


def reply(request: Message, status: int, reason: str, tag: str) -> Message:
    """Build the response that mirrors ``request``; a To without a tag gets ``tag``."""
    to = request.get("To")
    if tag and not parameter(to, "tag"):
        to = f"{to};tag={tag}"
    headers = [("Via", via) for via in request.all("Via")]
    headers += [("Record-Route", route) for route in request.all("Record-Route")]
    headers += [("From", request.get("From")), ("To", to)]
    headers += [("Call-ID", request.get("Call-ID")), ("CSeq", request.get("CSeq"))]
    return Message(f"SIP/2.0 {status} {reason}", headers)


@dataclass(frozen=True)
class Challenge:
    """One ``WWW-Authenticate`` of digest."""

    realm: str
    nonce: str
    algorithm: str
    qop: str
    opaque: str


def challenges(response: Message) -> list[Challenge]:
    """Every digest challenge, in the server's order of preference."""
    found = []
    for value in response.all("WWW-Authenticate") + response.all("Proxy-Authenticate"):
        fields = dict(re.findall(r'(\w+)=(?:"?)([^",]*)', value))
        found.append(
            Challenge(
                fields.get("realm", ""),
                fields.get("nonce", ""),
                fields.get("algorithm", "MD5"),
                fields.get("qop", ""),
                fields.get("opaque", ""),
            )
        )
    return found


def digest(challenge: Challenge, *, method: str, uri: str, user: str, password: str) -> str:
    """Build the ``Authorization`` value (RFC 8760: MD5 or SHA-256)."""

    def hashed(text: str) -> str:
        return hashlib.new(_HASHES[challenge.algorithm], text.encode(), usedforsecurity=False).hexdigest()

    secret = hashed(f"{user}:{challenge.realm}:{password}")
    action = hashed(f"{method}:{uri}")
    fields = {"username": user, "realm": challenge.realm, "nonce": challenge.nonce, "uri": uri}
    if challenge.qop:
        client_nonce = secrets.token_hex(8)
        answer = hashed(f"{secret}:{challenge.nonce}:00000001:{client_nonce}:auth:{action}")
        bare = f", algorithm={challenge.algorithm}, qop=auth, nc=00000001"
        fields["cnonce"] = client_nonce
    else:
        answer = hashed(f"{secret}:{challenge.nonce}:{action}")
        bare = f", algorithm={challenge.algorithm}"
    fields["response"] = answer
    if challenge.opaque:
        fields["opaque"] = challenge.opaque
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in fields.items()) + bare
