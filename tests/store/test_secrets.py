"""The folder of secrets: private, stable, and a box whose keys can be changed."""

import stat
from multiprocessing import get_context
from pathlib import Path

import pytest

from signalbox.kernel.secrets import Secrets, SecretsError


def test_a_secret_is_made_once_and_is_long(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "secrets"
    ami, agi = Secrets.open(folder).text("ami"), Secrets.open(folder).text("agi")
    assert Secrets.open(folder).text("ami") == ami != agi
    assert len(ami) >= 43  # 256 bits in base64


def test_nobody_else_may_read(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o755)
    Secrets.open(folder).text("ami")
    (folder / "ami").chmod(0o644)
    Secrets.open(folder).text("ami")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_the_box_seals_differently_each_time_and_opens_again(tmp_path: Path) -> None:
    box = Secrets.open(tmp_path).box
    one, two = box.seal("geheim ü"), box.seal("geheim ü")
    assert one != two
    assert "geheim" not in one
    assert Secrets.open(tmp_path).box.open(one) == box.open(two) == "geheim ü"


def test_old_seals_open_after_the_key_was_changed_and_new_ones_need_the_new_key(tmp_path: Path) -> None:
    secrets = Secrets.open(tmp_path)
    before, old = secrets.box, secrets.box.seal("one")
    secrets.rotate_box()
    new = secrets.box.seal("two")
    again = Secrets.open(tmp_path).box
    assert (again.open(old), again.open(new)) == ("one", "two")
    assert again.open(again.reseal(old)) == "one"
    for sealed in (new, again.reseal(old)):
        with pytest.raises(SecretsError, match=r"box\.keys"):
            before.open(sealed)


def test_processes_that_start_together_agree(tmp_path: Path) -> None:
    with get_context("spawn").Pool(4) as pool:
        made = pool.map(_text, [tmp_path] * 8)
        pool.close()
        pool.join()
    assert len(set(made)) == 1
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def _text(folder: Path) -> str:
    return Secrets.open(folder).text("ami")


def test_what_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "box.keys").write_text("not a key\n")
    for folder in (tmp_path / "file", tmp_path / "damaged"):
        with pytest.raises(SecretsError, match=folder.name):
            Secrets.open(folder)
    with pytest.raises(SecretsError, match="not a name"):
        Secrets.open(tmp_path / "fine").text("../escape")
