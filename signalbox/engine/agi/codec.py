"""FastAGI bytes to a request and replies, and commands to bytes. No I/O; the server is in ``server.py``.

Asterisk opens with ``agi_*`` lines and an empty line, then answers each command with a line (``200 result=1 (text)``),
or several (``520-`` up to ``520 ``). ``100`` says that the real answer is still to come (GOSUB), and an unasked
``HANGUP`` that the channel is gone.
"""

from collections.abc import Iterator
from enum import IntEnum

from signalbox.engine.errors import ProtocolError, UnsafeFieldError

MAX_REPLY_LINE = 64 * 1024
MAX_ENVIRONMENT = 16 * 1024
MAX_USAGE_LINES = 200
MAX_SENT_LINE = 2046  # Asterisk reads a line into 2048 bytes, and a longer one would run as two commands

_NEEDS_QUOTES = frozenset(' \t"\\')


class ReplyCode(IntEnum):
    """The number that begins a reply."""

    DONE = 200
    UNKNOWN_COMMAND = 510
    DEAD_CHANNEL = 511
    BAD_SYNTAX = 520


class AgiReply:
    """Asterisk's answer: ``result`` is text, since digits keep their zeros; ``data`` what follows, unparenthesised."""

    __slots__ = ("code", "data", "result")

    def __init__(self, code: int, result: str, data: str = "") -> None:
        self.code = code
        self.result = result
        self.data = data

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AgiReply):
            return NotImplemented
        return (self.code, self.result, self.data) == (other.code, other.result, other.data)

    def __hash__(self) -> int:
        return hash((self.code, self.result, self.data))

    def __repr__(self) -> str:
        return f"AgiReply({self.code}, {self.result!r}, {self.data!r})"


class AgiRequest:
    """What Asterisk says of the channel when it connects; ``env`` holds every ``agi_`` value without that prefix.

    Names and numbers come from phones: data, never code. Asterisk says ``unknown`` for what it does not know, which
    is given here as empty.
    """

    __slots__ = (
        "args",
        "caller_name",
        "caller_number",
        "channel_name",
        "context",
        "env",
        "extension",
        "script",
        "uniqueid",
    )

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self.script = env.get("network_script", "")
        self.args = tuple([env[f"arg_{n}"] for n in range(1, 10) if f"arg_{n}" in env]) if "arg_1" in env else ()
        self.channel_name = env.get("channel", "")
        self.uniqueid = env.get("uniqueid", "")
        self.caller_number = _known(env.get("callerid", ""))
        self.caller_name = _known(env.get("calleridname", ""))
        self.extension = env.get("extension", "")
        self.context = env.get("context", "")

    @property
    def priority(self) -> int:
        text = self.env.get("priority", "")
        return int(text) if text.isdecimal() else 0


class Hangup:
    """The unasked ``HANGUP`` line."""

    __slots__ = ()


class Trying:
    """The first of GOSUB's two lines: the verb has begun, its answer is still to come."""

    __slots__ = ()


HANGUP = Hangup()
TRYING = Trying()

AgiEvent = AgiRequest | AgiReply | Hangup | Trying


class AgiCodec:
    """Take bytes in any pieces with ``feed``; ``events`` gives the request first, then replies and ``HANGUP``."""

    def __init__(self, *, max_line: int = MAX_REPLY_LINE, max_environment: int = MAX_ENVIRONMENT) -> None:
        self._max_line = max_line
        self._max_environment = max_environment
        self._buffer = b""
        self._has_request = False
        self._usage: list[str] = []

    def feed(self, piece: bytes) -> None:
        self._buffer = self._buffer + piece if self._buffer else piece

    def events(self) -> Iterator[AgiEvent]:
        """Give what is complete; raises ``ProtocolError`` at the first bytes that cannot be AGI."""
        if not self._has_request:
            request = self._take_request()
            if request is None:
                return
            self._has_request = True
            yield request
        while self._buffer:
            line, newline, rest = self._buffer.partition(b"\n")
            if len(line) > self._max_line:
                raise ProtocolError(f"AGI line longer than {self._max_line} bytes")
            if not newline:
                return
            self._buffer = rest
            event = self._event(line)
            if event is not None:
                yield event

    def end(self) -> None:
        """Take note that the peer closed; raises ``ProtocolError`` when it did so inside a line or the environment."""
        if self._buffer or self._usage or not self._has_request:
            raise ProtocolError("AGI ended inside a message")

    def _take_request(self) -> AgiRequest | None:
        head, end, rest = self._buffer.partition(b"\n\n")
        if len(head) > self._max_environment:
            raise ProtocolError(f"AGI environment longer than {self._max_environment} bytes")
        if not b"agi_".startswith(head[:4]):
            raise ProtocolError("not AGI: no environment")
        if not end:
            return None
        self._buffer = rest
        env: dict[str, str] = {}
        for line in head.decode("utf-8", "replace").split("\n"):
            key, colon, text = line.partition(": ")
            if not key.startswith("agi_"):
                raise ProtocolError("AGI environment: a line without agi_")
            env[key[4:].removesuffix(":")] = text if colon else ""
        return AgiRequest(env)

    def _event(self, line: bytes) -> AgiReply | Hangup | Trying | None:
        if self._usage:
            return self._usage_line(line)
        if line.startswith(b"200 result="):
            result, _, data = line[11:].decode("utf-8", "replace").partition(" ")
            if data[:1] == "(" and data[-1:] == ")":
                data = data[1:-1]
            return AgiReply(200, result, data)
        if line == b"HANGUP":
            return HANGUP
        if line.startswith(b"100 "):
            return TRYING
        if line.startswith((b"510 ", b"511 ", b"520 ")):
            return AgiReply(int(line[:3]), "", line[4:].decode("utf-8", "replace"))
        if line.startswith(b"520-"):
            self._usage.append(line[4:].decode("utf-8", "replace"))
            return None
        raise ProtocolError(f"AGI reply not understood: {line[:40]!r}")

    def _usage_line(self, line: bytes) -> AgiReply | None:
        if line.startswith(b"520 "):
            text, self._usage = "\n".join(self._usage), []
            return AgiReply(ReplyCode.BAD_SYNTAX, "", text)
        if len(self._usage) >= MAX_USAGE_LINES:
            raise ProtocolError("AGI usage text does not end")
        self._usage.append(line.decode("utf-8", "replace"))
        return None


def encode_command(words: tuple[str, ...]) -> bytes:
    """Build one whole command line; words are quoted where they must be. Raises ``UnsafeFieldError``.

    A line without its newline makes a thread of Asterisk spin at a full core, so nothing but whole lines exists here.
    """
    line = " ".join([word if word and _NEEDS_QUOTES.isdisjoint(word) else _quoted(word) for word in words])
    if "\n" in line or "\r" in line or "\0" in line:
        raise UnsafeFieldError(f"AGI command {words[0]}: a word holds CR, LF or NUL")
    encoded = line.encode("utf-8", "replace")
    if len(encoded) > MAX_SENT_LINE:
        raise UnsafeFieldError(f"AGI command {words[0]}: longer than {MAX_SENT_LINE} bytes")
    return encoded + b"\n"


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _known(text: str) -> str:
    return "" if text == "unknown" else text
