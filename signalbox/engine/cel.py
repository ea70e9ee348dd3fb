r"""The text form of the event log. Nothing here opens files.

A CEL event is a record of quoted fields, quotes doubled; a mark of our own is one line of JSON. Not JSON throughout,
because Asterisk 22.10 writes JSON that a caller's name can break (``docs/design/decisions.md``).

A value may hold a line feed, so a record may span lines. Yet a reader can start anywhere and goes on after a record
cut short by a crash: a line begins with a quote and a capital letter, or a brace and a quote, only where a record
begins. Inside a value a quote is always doubled, and the one that ends it is followed by a comma or the line's end.
"""

import re
from collections.abc import Mapping

FIELDS: Mapping[str, str] = {
    "eventtype": "eventtype",
    "eventtime": "eventtime(double)",
    "uniqueid": "uniqueid",
    "linkedid": "linkedid",
    "channame": "channame",
    "cidname": "name",
    "cidnum": "num",
    "exten": "exten",
    "context": "context",
    "appname": "appname",
    "appdata": "appdata",
    "peer": "peer",
    "tenantid": "tenantid",
    "extra": "eventextra",
}
"""Name of each field -> the word for it in ``cel_custom.conf``, in the order of the record. ``eventtime`` is seconds
since the epoch with six decimals; ``extra`` is JSON text."""

_LAST = len(FIELDS) - 1
_START = re.compile(rb'\n(?="[A-Z]|\{"[a-z])')
_VALUE = re.compile(rb'"((?:[^"]|"")*)"(?:,|\Z)')


def split(block: bytes) -> tuple[list[bytes], int]:
    """Take the complete records from the front of ``block``; the second value is how many bytes they are.

    A record cut short by a crash is returned as it is, and ``parse`` refuses it. The last record of ``block`` is
    complete when its quotes are closed and the line ended; lines of JSON are complete at their end.
    """
    ends = [match.end() for match in _START.finditer(block)]
    last = ends[-1] if ends else 0
    is_closed = block[last : last + 1] == b"{" or block.count(b'"', last) % 2 == 0
    if len(block) > last and block.endswith(b"\n") and is_closed:
        ends.append(len(block))
    records = [block[start:end].removesuffix(b"\n") for start, end in zip([0, *ends], ends, strict=False)]
    return [record for record in records if record], ends[-1] if ends else 0


def parse(record: bytes) -> dict[str, str] | None:
    """Read one CEL record into our field names; ``None`` when it is cut short or not one."""
    found = values(record)
    return None if found is None else dict(zip(FIELDS, found, strict=True))


def values(record: bytes) -> list[str] | None:
    """Read the values of one record in the order of ``FIELDS``; ``None`` when it is cut short or not one.

    Quotes are rare but in the last field, which is JSON: a record without them elsewhere needs no expression.
    """
    found = record[1:-1].decode("utf-8", "replace").split('","', _LAST)
    if len(found) <= _LAST or record[:1] != b'"' or record[-1:] != b'"' or _has_quote(found):
        return _searched(record)
    found[_LAST] = found[_LAST].replace('""', '"')
    return found


def _has_quote(found: list[str]) -> bool:
    return '"' in "".join(found[:_LAST]) or found[_LAST].count('"') % 2 == 1


def _searched(record: bytes) -> list[str] | None:
    found: list[bytes] = []
    at = 0
    while match := _VALUE.match(record, at):
        found.append(match[1].replace(b'""', b'"'))
        at = match.end()
    if at != len(record) or record.endswith(b",") or len(found) != len(FIELDS):
        return None
    return [value.decode("utf-8", "replace") for value in found]
