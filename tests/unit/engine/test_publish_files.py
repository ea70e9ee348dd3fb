import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.engine.publish import Batch, PublishError, Route, SipKind, SipObject, Unit, rows, schema
from signalbox.engine.publish.files import PublishedFiles

SHAPE = "one"


def unit(number: str, digest: str = "MD5:1", *, name: str = "") -> Unit:
    objects = (
        SipObject(SipKind.ENDPOINT, number, {"aors": number, "auth": number, "callerid": f'"{name}" <{number}>'}),
        SipObject(SipKind.AUTH, number, {"username": number, "password_digest": digest}),
        SipObject(SipKind.AOR, number, {}),
    )
    return Unit(objects, (Route(1, number, "extension", f'{{"name":"{name}"}}'.encode()),))


def full(version: int, **units: Unit) -> Batch:
    return Batch(version, units, is_full=True)


def part(version: int, **units: Unit | None) -> Batch:
    return Batch(version, units, is_full=False)


def opened(folder: Path) -> PublishedFiles:
    files = PublishedFiles(folder / "engine.db", folder / "routing.db")
    files.prepare()
    return files


@pytest.fixture
def files(tmp_path: Path) -> PublishedFiles:
    return opened(tmp_path)


def table(file: Path, query: str) -> list[tuple[str, ...]]:
    with sqlite3.connect(file) as database:
        found = database.execute(query).fetchall()
    database.close()
    return found


def everything(folder: Path) -> dict[str, list[tuple[str, ...]]]:
    """What Asterisk and the scripts can see."""
    tables = {f"engine.{name}": ("engine.db", name) for name in (*schema.TABLES.values(), "owners")}
    tables |= {f"routing.{name}": ("routing.db", name) for name in ("numbers", "owners")}
    return {key: sorted(table(folder / file, f"SELECT * FROM {name}")) for key, (file, name) in tables.items()}


def settle(files: PublishedFiles) -> None:
    """What applying does to the files."""
    marked = list(files.pending().what)
    files.drop_ownerless(marked)
    files.done(marked)


UNITS = st.dictionaries(
    st.sampled_from("abc"),
    st.builds(
        unit, st.sampled_from(["100", "101", "102"]), st.sampled_from(["MD5:1", "MD5:2"]), name=st.sampled_from("xy")
    ),
)


def _numbers_are_unique(units: dict[str, Unit]) -> bool:
    numbers = [each.objects[0].id for each in units.values()]
    return len(numbers) == len(set(numbers))


@given(st.lists(UNITS.filter(_numbers_are_unique), min_size=2, max_size=6))
@settings(max_examples=10, deadline=None)
def test_change_after_change_gives_what_one_full_publish_gives(states: list[dict[str, Unit]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        step, whole = Path(folder, "step"), Path(folder, "whole")
        stepped = opened(step)
        before: dict[str, Unit] = {}
        for version, after in enumerate(states, 1):
            changed = {name: after.get(name) for name in {*before, *after} if before.get(name) != after.get(name)}
            stepped.write(part(version, **changed), SHAPE)
            before = after
        settle(stepped)
        once = opened(whole)
        once.write(full(1, **states[-1]), SHAPE)
        settle(once)
        assert everything(step) == everything(whole)


def test_every_column_has_a_value(files: PublishedFiles, tmp_path: Path) -> None:
    files.write(full(1, a=unit("100")), SHAPE)
    for name in schema.TABLES.values():
        for row in table(tmp_path / "engine.db", f"SELECT * FROM {name}"):
            assert all(row), name


@pytest.mark.parametrize("values", [{"context": ""}, {"contxt": "x"}])
def test_a_row_that_asterisk_would_drop_is_refused(files: PublishedFiles, values: dict[str, str]) -> None:
    wrong = Unit((SipObject(SipKind.ENDPOINT, "100", values),))
    with pytest.raises(PublishError, match="100"):
        files.write(full(1, a=wrong), SHAPE)
    assert files.version(SHAPE) is None


def test_only_what_changed_is_told(files: PublishedFiles) -> None:
    files.write(full(1, a=unit("100"), b=unit("101")), SHAPE)
    assert files.pending().ids(rows.NEW) == ["100", "101"]
    settle(files)
    files.write(full(2, a=unit("100", name="new"), b=unit("101")), SHAPE)
    assert files.pending().what == {"100": {SipKind.ENDPOINT}}
    settle(files)
    files.write(part(3, a=unit("100", "MD5:2", name="new")), SHAPE)
    assert files.pending().what == {"100": {SipKind.AUTH, rows.KICK}}


def test_who_is_gone_is_locked_out_before_his_rows_go(files: PublishedFiles, tmp_path: Path) -> None:
    files.write(full(1, a=unit("100", "MD5:secret")), SHAPE)
    settle(files)
    files.write(part(2, a=None), SHAPE)
    assert table(tmp_path / "routing.db", "SELECT number FROM numbers") == []
    assert files.digests(["100"])["100"] not in ("", "MD5:secret")
    assert rows.KICK in files.pending().what["100"]
    assert files.drop_ownerless(["100"]) == ["100"]
    assert files.digests(["100"]) == {}


def test_a_number_that_moves_to_another_unit_stays(files: PublishedFiles, tmp_path: Path) -> None:
    files.write(full(1, a=unit("100"), b=unit("101")), SHAPE)
    settle(files)
    for batch in (part(2, a=unit("101"), b=unit("100")), part(3, a=unit("100"), b=unit("101"))):
        files.write(batch, SHAPE)
        assert files.drop_ownerless(["100", "101"]) == []
        assert table(tmp_path / "routing.db", "SELECT number FROM numbers ORDER BY number") == [("100",), ("101",)]


def test_the_version_is_that_of_the_older_file(files: PublishedFiles, tmp_path: Path) -> None:
    files.write(full(7, a=unit("100")), SHAPE)
    assert files.version(SHAPE) == 7
    with sqlite3.connect(tmp_path / "routing.db") as database:
        database.execute("UPDATE meta SET value = '5' WHERE key = 'version'")
    database.close()
    assert files.version(SHAPE) == 5


def test_another_shape_or_a_missing_file_means_everything_anew(files: PublishedFiles, tmp_path: Path) -> None:
    files.write(full(7, a=unit("100")), SHAPE)
    assert files.version("two") is None
    (tmp_path / "routing.db").unlink()
    assert files.version(SHAPE) is None
    assert files.prepare() == []
    assert files.version(SHAPE) is None


def test_tables_of_an_older_release_are_made_anew(files: PublishedFiles, tmp_path: Path) -> None:
    files.write(full(7, a=unit("100")), SHAPE)
    with sqlite3.connect(tmp_path / "engine.db") as database:
        database.execute("UPDATE meta SET value = 'older' WHERE key = 'schema'")
        database.execute("ALTER TABLE ps_aors ADD COLUMN forgotten TEXT")
    database.close()
    assert files.prepare() == []
    assert files.version(SHAPE) is None
    files.write(full(7, a=unit("100")), SHAPE)
    assert "forgotten" not in table(tmp_path / "engine.db", "SELECT sql FROM sqlite_master WHERE name='ps_aors'")[0][0]


@pytest.mark.parametrize("name", ["engine.db", "routing.db"])
@pytest.mark.parametrize("damage", [b"rubbish" * 1000, b"SQLite format 3\0" + b"\xff" * 5000, None])
def test_a_damaged_file_is_replaced(files: PublishedFiles, tmp_path: Path, name: str, damage: bytes | None) -> None:
    files.write(full(7, a=unit("100")), SHAPE)
    files.seen()
    file = tmp_path / name
    if damage is None:  # a torn page in the middle
        raw = bytearray(file.read_bytes())
        raw[4096:8192] = b"\x55" * 4096
        damage = bytes(raw)
    file.write_bytes(damage)
    assert files.prepare() == [file]
    assert files.is_unseen() is (name == "engine.db")
    assert files.version(SHAPE) is None
    files.write(full(8, a=unit("100")), SHAPE)
    assert files.version(SHAPE) == 8


def test_an_interrupted_write_is_repeated(files: PublishedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write(full(1, a=unit("100")), SHAPE)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(rows, "write_routes", interrupted)
        with pytest.raises(KeyboardInterrupt):
            files.write(part(2, a=unit("100", name="new")), SHAPE)
    assert files.version(SHAPE) == 1
    files.write(part(2, a=unit("100", name="new")), SHAPE)
    assert files.version(SHAPE) == 2


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "engine.db").mkdir()
    with pytest.raises(PublishError, match=r"engine\.db"):
        opened(tmp_path)


def test_the_files_are_in_wal(files: PublishedFiles, tmp_path: Path) -> None:
    files.write(full(1), SHAPE)
    for name in ("engine.db", "routing.db"):
        assert table(tmp_path / name, "PRAGMA journal_mode") == [("wal",)]
