"""Children die with their supervisor; ports that are taken are named."""

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from signalbox.kernel.operator import OperatorError, explained
from signalbox.kernel.ports import Port, require_free
from signalbox.kernel.process import RunAs, raise_file_limit

CHILD = """
import time
from signalbox.kernel.process import die_with_parent
die_with_parent()
print("bound", flush=True)
time.sleep(60)
"""
PARENT = f"""
import subprocess, sys, time
from signalbox.kernel.process import with_parent
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], env=with_parent(), stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_child_dies_with_a_supervisor_that_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=Path.cwd()) as parent:
        assert parent.stdout is not None
        handle = os.pidfd_open(int(parent.stdout.readline()))
        try:
            parent.send_signal(signal.SIGKILL)
            assert select.select([handle], [], [], 10.0)[0] == [handle]  # readable once the process has ended
        finally:
            os.close(handle)


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_taken_port_names_itself_its_holder_and_its_setting(kind: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == "tcp":
            taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(OperatorError) as caught:
            require_free([Port(kind, "127.0.0.1", number, "sip.udp_port")])  # type: ignore[arg-type]
    assert f"{kind} port {number} is taken by" in caught.value.problem
    assert f"(process {os.getpid()})" in caught.value.problem
    assert "sip.udp_port" in caught.value.cure
    require_free([Port(kind, "127.0.0.1", number, "sip.udp_port")])  # type: ignore[arg-type]


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(OperatorError, match=r"203\.0\.113\.9 cannot be used"):
        require_free([Port("tcp", "203.0.113.9", 5060, "sip.bind")])


def test_a_full_disk_has_a_cure() -> None:
    error = explained(OSError(28, "No space left on device", "/data/store.db"), "The store cannot be written")
    assert error.problem == "The store cannot be written: No space left on device (/data/store.db)."
    assert "free space" in error.cure


def test_the_limit_of_open_files_is_never_lowered() -> None:
    first = raise_file_limit(64)
    assert first >= 64
    assert raise_file_limit(first) >= first


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_user_owns_a_folder_and_is_kept_out_of_private_ones(tmp_path: Path) -> None:
    nobody = RunAs.named("nobody")
    assert nobody is not None
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "file").touch()
    (tmp_path / "given" / "link").symlink_to("/etc/passwd")
    nobody.own(tmp_path / "given")
    assert (tmp_path / "given" / "file").stat().st_uid == nobody.uid
    assert Path("/etc/passwd").stat().st_uid == 0
    tmp_path.chmod(0o700)
    assert not nobody.can_enter(tmp_path / "given")
    assert nobody.can_enter(Path("/usr/lib"))
    assert RunAs.named("no-such-user") is None
