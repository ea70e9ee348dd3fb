"""AMI bytes to messages and actions to bytes. No I/O, no clock; the link is in ``link.py``.

Lines end with CR LF and a message with an empty line. A lone LF belongs to its value, so that no text from a phone can
make a header. Some of Asterisk's messages repeat keys (``Output``), fold lines, or forget the empty line at their end.
"""

from collections.abc import Iterable, Iterator, Mapping

from signalbox.engine.errors import ProtocolError, UnsafeFieldError

MAX_LINE = 64 * 1024
MAX_MESSAGE = 8 * 1024 * 1024
MAX_BANNER = 256
MAX_SENT_LINE = 1022  # Asterisk reads a line into 1025 bytes and drops the connection at a longer one
MAX_SENT_FIELDS = 120  # of the 128 headers it keeps, the rest is silently ignored

_BANNER = b"Asterisk Call Manager/"
_END = b"\r\n\r\n"
_EOL = "\r\n"

Fields = Mapping[str, str] | Iterable[tuple[str, str]]


class AmiMessage:
    """One response or event: the last value of each key, and all values of keys that repeat."""

    __slots__ = ("_repeated", "fields")

    def __init__(self, fields: dict[str, str], repeated: dict[str, list[str]] | None = None) -> None:
        self.fields = fields
        self._repeated = repeated

    @property
    def event(self) -> str:
        """The event's name; empty for a response."""
        return self.fields.get("Event", "")

    def get(self, key: str, default: str = "") -> str:
        return self.fields.get(key, default)

    def all(self, key: str) -> list[str]:
        """Every value of ``key`` in the order received."""
        if self._repeated is not None and key in self._repeated:
            return list(self._repeated[key])
        return [self.fields[key]] if key in self.fields else []

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AmiMessage):
            return NotImplemented
        return self.fields == other.fields and self._repeated == other._repeated

    __hash__ = None  # type: ignore[assignment]  # holds a dict

    def __repr__(self) -> str:
        return f"AmiMessage({self.fields!r})"


class AmiCodec:
    """Take bytes in any pieces with ``feed`` and give whole messages from ``messages``.

    ``banner`` is the protocol version once the greeting has come. After a ``ProtocolError`` the codec is useless.
    """

    def __init__(self, *, max_line: int = MAX_LINE, max_message: int = MAX_MESSAGE) -> None:
        self.banner = ""
        self._max_line = max_line
        self._max_message = max_message
        self._buffer = bytearray()
        self._searched = 0

    def feed(self, piece: bytes) -> None:
        self._buffer += piece

    def messages(self) -> Iterator[AmiMessage]:
        """Give every whole message; raises ``ProtocolError`` at the first bytes that cannot be one."""
        if not self.banner and not self._take_banner():
            return
        while (block := self._take_block()) is not None:
            if block:
                yield from _parsed(block)

    def end(self) -> None:
        """Take note that the peer closed; raises ``ProtocolError`` when it did so inside a message."""
        if self._buffer or not self.banner:
            raise ProtocolError(f"AMI ended inside a message, {len(self._buffer)} bytes left")

    def _take_banner(self) -> bool:
        end = self._buffer.find(b"\r\n", 0, MAX_BANNER)
        if end < 0:
            head = bytes(self._buffer[: len(_BANNER)])
            if len(self._buffer) >= MAX_BANNER or not _BANNER.startswith(head):
                raise ProtocolError("not an Asterisk manager: no greeting")
            return False
        line = bytes(self._buffer[:end])
        if not line.startswith(_BANNER):
            raise ProtocolError("not an Asterisk manager: no greeting")
        self.banner = line.removeprefix(_BANNER).decode("ascii", "replace") or "unknown"
        del self._buffer[: end + 2]
        return True

    def _take_block(self) -> str | None:
        buffer = self._buffer
        end = buffer.find(_END, self._searched)
        if end < 0:
            self._searched = max(0, len(buffer) - 3)
            if len(buffer) > self._max_message + 3:
                raise ProtocolError(f"AMI message longer than {self._max_message} bytes")
            return None
        if end > self._max_message:
            raise ProtocolError(f"AMI message longer than {self._max_message} bytes")
        raw = bytes(buffer[:end])
        del buffer[: end + 4]
        self._searched = 0
        if end > self._max_line and max(map(len, raw.split(b"\r\n"))) > self._max_line:
            raise ProtocolError(f"AMI line longer than {self._max_line} bytes")
        return raw.decode("utf-8", "replace")


def _parsed(block: str) -> Iterator[AmiMessage]:
    if "\r\nEvent: " in block or "\r\nResponse: " in block:
        yield from map(_message, _separated(block))
    else:
        yield _message(block.split(_EOL))


def _message(lines: list[str]) -> AmiMessage:
    try:
        fields = dict([line.split(": ", 1) for line in lines])
    except ValueError:
        return _irregular(lines)
    if len(fields) != len(lines):
        return _irregular(lines)
    return AmiMessage(fields)


def _irregular(lines: list[str]) -> AmiMessage:
    """Read a message with repeated keys, folded lines, or lines without a key (taken as folded)."""
    pairs: list[tuple[str, str]] = []
    for line in lines:
        key, colon, text = line.partition(":")
        if (line[:1] in (" ", "\t", "") or not colon) and pairs:
            last, so_far = pairs[-1]
            pairs[-1] = (last, f"{so_far}\n{line.strip()}")
        elif colon and key:
            pairs.append((key, text.removeprefix(" ")))
        elif line:
            pairs.append(("Output", line))
    values: dict[str, list[str]] = {}
    for key, text in pairs:
        values.setdefault(key, []).append(text)
    repeated = {key: texts for key, texts in values.items() if len(texts) > 1}
    return AmiMessage(dict(pairs), repeated or None)


def _separated(block: str) -> Iterator[list[str]]:
    """Part messages whose empty line is missing: ``Event`` only ever comes first, ``Response`` at most once.

    The event OriginateResponse has a field ``Response``, so in an event the first one is a field.
    """
    lines: list[str] = []
    has_response = False
    for line in block.split(_EOL):
        is_response = line.startswith("Response: ")
        if lines and (line.startswith("Event: ") or (is_response and has_response)):
            yield lines
            lines, has_response = [], False
        has_response = has_response or is_response
        lines.append(line)
    yield lines


def encode_action(name: str, action_id: str, fields: Fields = ()) -> bytes:
    """Build one action; repeated keys (``Variable``) come as pairs. Raises ``UnsafeFieldError``."""
    pairs = list(fields.items() if isinstance(fields, Mapping) else fields)
    lines = [f"Action: {name}", f"ActionID: {action_id}", *[f"{key}: {text}" for key, text in pairs]]
    text = _EOL.join(lines)
    breaks = len(lines) - 1
    if text.count("\n") != breaks or text.count("\r") != breaks or "\0" in text:
        raise UnsafeFieldError(f"AMI action {name}: a field holds CR, LF or NUL")
    if len(lines) > MAX_SENT_FIELDS:
        raise UnsafeFieldError(f"AMI action {name}: more than {MAX_SENT_FIELDS} fields")
    encoded = text.encode("utf-8", "replace")
    if len(encoded) > MAX_SENT_LINE and max(map(len, encoded.split(b"\r\n"))) > MAX_SENT_LINE:
        raise UnsafeFieldError(f"AMI action {name}: a line is longer than {MAX_SENT_LINE} bytes")
    return encoded + _END
