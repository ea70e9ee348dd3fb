"""What the doctor says of a machine: the right level, and always a cure beside what is wrong."""

import os
import resource
import shutil
import socket
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from signalbox.doctor import machine
from signalbox.doctor.model import Check, Level
from signalbox.kernel.ports import Port
from signalbox.settings import Calls, Settings

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def one(checks: Iterable[Check]) -> Check:
    (check,) = checks
    assert check.cure or check.level is Level.OK
    return check


def test_this_python_will_do() -> None:
    assert one(machine.python()).level is Level.OK


@pytest.mark.parametrize(
    ("free_mb", "level"),
    [(100, Level.PROBLEM), (500, Level.WARNING), (100_000, Level.OK)],
    ids=["full", "short", "room"],
)
def test_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_mb: int, level: Level) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free_mb * 2**20))
    assert one(machine.disk(Settings(data=str(tmp_path / "not" / "there")))).level is level


@pytest.mark.parametrize(
    ("hard", "level"),
    [(1024, Level.PROBLEM), (20_000, Level.WARNING), (65536, Level.OK), (resource.RLIM_INFINITY, Level.OK)],
)
def test_file_limit(monkeypatch: pytest.MonkeyPatch, hard: int, level: Level) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, hard))
    assert one(machine.file_limit()).level is level


@pytest.mark.parametrize(
    ("zone", "lives_in", "level", "told"),
    [
        ("UTC", "Etc/UTC", Level.NOTE, "12:00 in UTC"),
        ("Europe/Berlin", "Europe/Berlin", Level.OK, "14:00 in Europe/Berlin"),
        ("UTC", "Europe/Berlin", Level.WARNING, "lives in Europe/Berlin"),
        ("Europe/Berlin", "Etc/UTC", Level.OK, "14:00"),
    ],
)
def test_time_zone(tmp_path: Path, zone: str, lives_in: str, level: Level, told: str) -> None:
    there = tmp_path / "zoneinfo" / lives_in
    there.parent.mkdir(parents=True)
    there.touch()
    (tmp_path / "localtime").symlink_to(there)
    settings = Settings(data=str(tmp_path), calls=Calls(timezone=zone))
    check = one(machine.time_zone(settings, NOW, tmp_path / "localtime"))
    assert check.level is level
    assert told in check.found


def test_a_data_directory_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert one(machine.data_directory(Settings(data=str(tmp_path)))).level is Level.PROBLEM


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterable[socket.socket]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = Port("tcp", "127.0.0.1", listening.getsockname()[1], "web.http_port")
        monkeypatch.setattr("signalbox.engine.process.ports", lambda _: [])
        monkeypatch.setattr(machine, "our_ports", lambda _: [port])
        yield listening


def test_a_port_of_someone_else_names_its_holder_and_its_setting(listener: socket.socket, tmp_path: Path) -> None:
    for running in (None, {"web": 1}):
        check = one(machine.ports(Settings(data=str(tmp_path)), running))
        assert check.level is Level.PROBLEM
        assert str(listener.getsockname()[1]) in check.found
        assert str(os.getpid()) in check.found
        assert "web.http_port" in check.cure


def test_our_own_port_is_well(listener: socket.socket, tmp_path: Path) -> None:
    check = one(machine.ports(Settings(data=str(tmp_path)), {"web": os.getpid()}))
    assert check.level is Level.OK
    assert check.found.endswith(": ours")


def test_a_free_port_is_well(listener: socket.socket, tmp_path: Path) -> None:
    listener.close()
    assert one(machine.ports(Settings(data=str(tmp_path)), None)).found.endswith(": free")


def test_a_running_system_that_does_not_listen_is_a_problem(listener: socket.socket, tmp_path: Path) -> None:
    listener.close()
    check = one(machine.ports(Settings(data=str(tmp_path)), {"web": os.getpid()}))
    assert check.level is Level.PROBLEM
    assert "nobody listens" in check.found


def test_a_check_is_json() -> None:
    told = msgspec.json.decode(msgspec.json.encode(Check("disk", Level.WARNING, "full", "free it")))
    assert told == {"topic": "disk", "level": "warning", "found": "full", "cure": "free it"}
