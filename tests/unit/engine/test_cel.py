import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.engine import cel

VALUES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
    | st.text(st.sampled_from('"\\\r\n,AZ{}e'), max_size=8),
    min_size=len(cel.FIELDS) - 1,
    max_size=len(cel.FIELDS) - 1,
)


def written(values: list[str]) -> bytes:
    """As Asterisk writes a record: every field quoted, quotes doubled; the first is an event's name."""
    return ",".join('"' + value.replace('"', '""') + '"' for value in ["ANSWER", *values]).encode() + b"\n"


MARK = b'{"event": "ENGINE_STARTED", "at": 1.5}\n'


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_any_value_comes_back(events: list[list[str]]) -> None:
    block = MARK.join(written(values) for values in events)
    records, consumed = cel.split(block)
    assert consumed == len(block)
    read = [cel.parse(record) for record in records if not record.startswith(b"{")]
    assert read == [dict(zip(cel.FIELDS, ["ANSWER", *values], strict=True)) for values in events]


@given(VALUES, VALUES, st.data())
def test_what_follows_a_record_cut_short_is_read(first: list[str], second: list[str], data: st.DataObject) -> None:
    whole = written(first)
    cut = whole[: data.draw(st.integers(1, len(whole) - 2))]
    records, consumed = cel.split(cut + b"\n" + MARK + written(second))
    assert consumed == len(cut) + 1 + len(MARK) + len(written(second))
    assert records[-2] == MARK.strip()
    assert cel.parse(records[-1]) == dict(zip(cel.FIELDS, ["ANSWER", *second], strict=True))


def test_a_record_still_being_written_is_left() -> None:
    whole = written(["1.0", *["x\ny"] * (len(cel.FIELDS) - 2)])
    for cut in range(2, len(whole)):
        records, consumed = cel.split(MARK + whole[:cut])
        assert records[0] == MARK.strip()
        assert all(cel.parse(record) is None for record in records[1:]), cut
        assert consumed in (len(MARK), len(MARK) + cut)
        if not whole[:cut].endswith(b"\n"):
            assert consumed == len(MARK)


@pytest.mark.parametrize("record", [b"", b"rubbish", b'"A"', b'"A",' * 14, b'"A" ,' * 13 + b'"B"', b"\xff\x00"])
def test_rubbish_is_refused(record: bytes) -> None:
    assert cel.parse(record) is None
