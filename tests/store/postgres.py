"""A PostgreSQL server of the tests' own: Debian's programs, a new cluster on a Unix socket, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OPTIONS = "-c fsync=off -c max_connections=60 -c listen_addresses='' -c unix_socket_directories='{folder}'"


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert found, "these tests need PostgreSQL's server: install Debian's package `postgresql`"
    return found[-1].parent


def _run(folder: Path, *command: str) -> None:
    account: dict[str, str | int] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        account = {"user": pwd.getpwnam("postgres").pw_uid, "group": pwd.getpwnam("postgres").pw_gid}
    log = folder / "programs.log"
    with log.open("ab") as output:
        done = subprocess.run(command, cwd=folder, stdout=output, stderr=output, timeout=60, **account)  # type: ignore[call-overload]
    assert done.returncode == 0, log.read_text()


@contextmanager
def running_server() -> Iterator[Path]:
    """Start a server; gives the folder of its socket."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="signalbox-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        cluster = str(folder / "cluster")
        _run(folder, str(programs / "initdb"), "-D", cluster, "-A", "trust", "-U", "postgres", "-E", "UTF8", "-N")
        options = _OPTIONS.format(folder=folder)
        _run(folder, str(programs / "pg_ctl"), "-D", cluster, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield folder
        finally:
            _run(folder, str(programs / "pg_ctl"), "-D", cluster, "-w", "-m", "fast", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def url_of(folder: Path, database: str) -> str:
    return f"postgresql+asyncpg://postgres@/{database}?host={folder}"
