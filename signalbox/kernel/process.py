"""Processes of the operating system: started, adopted, waited for, signalled. When to do which is the supervisor's."""

import asyncio
import contextlib
import ctypes
import os
import pwd
import resource
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

PARENT = "SIGNALBOX_PARENT"
_PR_SET_PDEATHSIG = 1
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class RunAs:
    """The user of a process; ``None`` in its place means our own."""

    uid: int
    gid: int

    @classmethod
    def named(cls, name: str) -> "RunAs | None":
        """Look up ``name``; nothing when there is no such user."""
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            return None
        return cls(entry.pw_uid, entry.pw_gid)

    def own(self, path: Path) -> None:
        """Give ``path`` and everything in it to this user; what is his already is left alone."""
        for folder, _, files in os.walk(path):
            for entry in (folder, *(f"{folder}/{name}" for name in files)):
                with contextlib.suppress(FileNotFoundError):
                    if os.lstat(entry).st_uid != self.uid:
                        os.chown(entry, self.uid, self.gid, follow_symlinks=False)

    def can_enter(self, folder: Path) -> bool:
        """Tell whether this user may go through ``folder`` and every folder above it."""
        test = ["test", "-x", str(folder)]
        return subprocess.run(test, check=False, user=self.uid, group=self.gid, extra_groups=[]).returncode == 0


class Identity(msgspec.Struct, frozen=True):
    """A process that survives its starter, as written to its pid file; ``mark`` says what it was started with.

    A process id alone may have been given to another process since: start time and boot make it one of a kind.
    """

    pid: int
    ticks: int
    boot: str
    mark: str = ""

    @classmethod
    def of(cls, pid: int, mark: str = "") -> "Identity | None":
        """Identify a running process; nothing when there is none with that id, or it is a zombie."""
        try:
            after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        if after_name[0] in "ZX":
            return None
        return cls(pid, int(after_name[19]), _BOOT_ID.read_text().strip(), mark)

    @property
    def is_running(self) -> bool:
        return Identity.of(self.pid, self.mark) == self

    def write(self, file: Path) -> None:
        """Keep the identity in ``file``, in one step."""
        draft = file.with_name(f".{file.name}.new")
        draft.write_bytes(msgspec.json.encode(self))
        draft.replace(file)

    @classmethod
    def read(cls, file: Path) -> "Identity | None":
        """Read a pid file; nothing when there is none that can be used."""
        try:
            return msgspec.json.decode(file.read_bytes(), type=cls)
        except (FileNotFoundError, msgspec.DecodeError):
            return None


class Process:
    """A process that we started or adopted; ``wait`` ends when it has."""

    def __init__(self, pid: int, child: subprocess.Popen[bytes] | None = None) -> None:
        self.pid = pid
        self._child = child
        self._handle = os.pidfd_open(pid)
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._handle, self._has_ended)

    @property
    def is_running(self) -> bool:
        return not self._ended.is_set()

    @property
    def status(self) -> int | None:
        """Exit status, negative for a signal; unknown for an adopted process."""
        return None if self._child is None else self._child.returncode

    async def wait(self) -> None:
        await self._ended.wait()

    def send(self, number: signal.Signals) -> None:
        """Signal the process; one that has ended already is no error."""
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    async def stop(self, stages: Sequence[tuple[signal.Signals, float]]) -> None:
        """Send each stage's signal and wait its seconds, until the process has ended."""
        for number, within_s in stages:
            self.send(number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._ended.wait()
                    return

    def release(self) -> None:
        """Let the process live on unwatched."""
        if self.is_running:
            self._close()
            if self._child is not None:
                self._child.returncode = 0  # or Popen warns that its child still runs

    def _has_ended(self) -> None:
        self._close()
        if self._child is not None:
            self._child.wait()
        self._ended.set()

    def _close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._handle)
        os.close(self._handle)


def spawn(
    command: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    output: Path | None = None,
    cwd: Path | None = None,
    run_as: RunAs | None = None,
) -> Process:
    """Start ``command`` in a session of its own, so that a terminal's Ctrl-C reaches only us.

    ``output`` takes what it prints; without it the output is ours. Raises ``OSError``.
    """
    stream = None if output is None else os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=None if environ is None else dict(environ),
            cwd=cwd,
            start_new_session=True,
            user=None if run_as is None else run_as.uid,
            group=None if run_as is None else run_as.gid,
            extra_groups=None if run_as is None else [],
        )
    finally:
        if stream is not None:
            os.close(stream)
    return Process(child.pid, child)


def adopt(identity: Identity) -> Process | None:
    """Watch a process that another started; nothing when it has ended."""
    try:
        process = Process(identity.pid)
    except ProcessLookupError:
        return None
    if identity.is_running:  # asked after the handle was taken: from here on the id cannot change hands
        return process
    process.release()
    return None


def with_parent() -> dict[str, str]:
    """Give the environment for a child that calls ``die_with_parent``."""
    return {**os.environ, PARENT: str(os.getpid())}


def die_with_parent(environ: Mapping[str, str] = os.environ) -> None:
    """Ask the kernel to end us when our supervisor ends, however it does; nothing when we have none."""
    parent = environ.get(PARENT)
    if parent is None:
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):  # it ended before we asked
        raise SystemExit(0)


def raise_file_limit(wanted: int = 65536) -> int:
    """Raise the limit of open files toward ``wanted``, for us and what we start; gives what was reached."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in ((wanted, max(wanted, hard)), (min(wanted, hard), hard)):
        if soft >= wanted:
            break
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
            soft = limit[0]
    return soft
