"""Ports of this machine: is one free, and who holds it when it is not."""

import contextlib
import errno
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from signalbox.kernel.operator import OperatorError

_TABLES = {"tcp": ("tcp", "tcp6"), "udp": ("udp", "udp6")}


@dataclass(frozen=True, slots=True)
class Port:
    """A port that is about to be listened on; ``setting`` is the key that changes it."""

    kind: Literal["tcp", "udp"]
    host: str
    number: int
    setting: str


def require_free(ports: Sequence[Port]) -> None:
    """Raise ``OperatorError`` naming every port that cannot be listened on, who holds it, and its setting."""
    problems = [problem for port in ports if (problem := trouble(port)) is not None]
    if problems:
        keys = ", ".join(dict.fromkeys(port.setting for port in ports if trouble(port) is not None))
        cure = f"stop the program that uses it, or set another number for {keys} in signalbox.toml"
        raise OperatorError(" ".join(problems), cure)


def trouble(port: Port) -> str | None:
    """Say why ``port`` cannot be listened on, and who holds it; ``None`` when it is free."""
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    kind = socket.SOCK_STREAM if port.kind == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, kind) as listener:
        if port.kind == "tcp":  # connections of a predecessor that has just ended do not count
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((port.host, port.number))
            if port.kind == "tcp":
                listener.listen(1)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return f"{port.kind} port {port.number} on {port.host} cannot be used: {error.strerror}."
            names = ", ".join(f"{name} (process {pid})" for pid, name in holders(port).items())
            return f"{port.kind} port {port.number} is taken{f' by {names}' if names else ''}."
    return None


def holders(port: Port) -> dict[int, str]:
    """Name the processes that hold a port by their ids, as far as we may see them."""
    inodes = {f"socket:[{inode}]" for table in _TABLES[port.kind] for inode in _inodes(table, port.number)}
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(os.readlink(handle) in inodes for handle in (process / "fd").iterdir()):  # noqa: PTH115
                found[int(process.name)] = _program(process)
    return found


def _program(process: Path) -> str:
    """The program's name; of one that runs by a loader of its own (our Asterisk) that of what was loaded."""
    name = (process / "comm").read_text().strip()
    words = (process / "cmdline").read_text().split("\0")
    return next((Path(word).name for word in words[1:] if "/bin/" in word or "/sbin/" in word), name)


def _inodes(table: str, number: int) -> list[str]:
    try:
        rows = [line.split() for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    except OSError:
        return []
    return [row[9] for row in rows if int(row[1].rpartition(":")[2], 16) == number]
