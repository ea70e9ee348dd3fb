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
    problems = [problem for port in ports if (problem := _problem(port)) is not None]
    if problems:
        keys = ", ".join(dict.fromkeys(port.setting for port in ports if _problem(port) is not None))
        cure = f"stop the program that uses it, or set another number for {keys} in signalbox.toml"
        raise OperatorError(" ".join(problems), cure)


def _problem(port: Port) -> str | None:
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
            holder = _holder(port)
            return f"{port.kind} port {port.number} is taken{f' by {holder}' if holder else ''}."
    return None


def _holder(port: Port) -> str:
    """Name the program that holds a port, as far as we may see it."""
    inodes = {f"socket:[{inode}]" for table in _TABLES[port.kind] for inode in _inodes(table, port.number)}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(os.readlink(handle) in inodes for handle in (process / "fd").iterdir()):  # noqa: PTH115
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return ""


def _inodes(table: str, number: int) -> list[str]:
    try:
        rows = [line.split() for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    except OSError:
        return []
    return [row[9] for row in rows if int(row[1].rpartition(":")[2], 16) == number]
