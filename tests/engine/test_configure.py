"""What a real Asterisk makes of its configuration."""

import re
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from signalbox.engine import logs
from signalbox.engine.configure import modules
from signalbox.engine.install import Installation
from tests.engine.asterisk import Asterisk
from tests.engine.publish_fixture import running

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def fresh(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    with running(installation, tmp_path_factory.mktemp("configure")) as asterisk:
        yield asterisk


def test_a_start_has_nothing_to_complain_of(fresh: Asterisk) -> None:
    complaints = [line for line in fresh.log().splitlines() if re.search(r"\] (WARNING|ERROR)\[", line)]
    # The tests' installation has no certificate.
    assert [line for line in complaints if "tls" not in line.lower() and "cert" not in line.lower()] == []


def test_the_modules_that_run_are_those_of_the_table(fresh: Asterisk) -> None:
    shown = re.findall(r"^(\S+)\.so .* (\S+) +\S+$", fresh.console("module show"), re.MULTILINE)
    assert {name for name, _ in shown} == {*modules.ESSENTIAL, *modules.WANTED}
    assert {state for _, state in shown} == {"Running"}


def test_the_settings_that_matter_are_in_force(fresh: Asterisk) -> None:
    shown = fresh.console("pjsip show settings")
    values = dict(re.findall(r"^ (\S+) +: (.*)$", shown, re.MULTILINE))
    assert (values["timer_t1"], values["disable_multi_domain"]) == ("500", "true")
    assert values["endpoint_identifier_order"] == "username,ip,anonymous"
    assert values["mwi_disable_initial_unsolicited"] == "false"
    assert values["taskpool_max_size"] == "50"
    soft, hard = resource.prlimit(fresh.pid, resource.RLIMIT_NOFILE)
    assert soft == min(hard, 65536)


def test_nothing_listens_that_should_not(fresh: Asterisk) -> None:
    sip, engine = fresh.settings.sip, fresh.settings.engine
    wanted = {sip.tcp_port, sip.tls_port, sip.ws_port, sip.wss_port, engine.ami_port}
    listening = _listening(fresh.pid)
    assert {port for _, port in listening} <= wanted
    assert {sip.tcp_port, sip.ws_port, engine.ami_port} <= {port for _, port in listening}
    assert {address for address, _ in listening} == {"127.0.0.1"}


def _listening(pid: int) -> set[tuple[str, int]]:
    """The TCP addresses on which a process listens."""
    own = {each.readlink().name for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()}
    found = set()
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in own:
            address, port = fields[1].split(":")
            found.add((socket.inet_ntoa(bytes.fromhex(address)[::-1]), int(port, 16)))
    return found


def test_a_log_that_is_cut_goes_on(fresh: Asterisk) -> None:
    folder = fresh.settings.paths.asterisk / "log"
    before = (folder / "messages.log").read_text()
    logs.bound(folder, most_bytes=10)
    assert (folder / "messages.log.1").read_text() == before
    assert (folder / "messages.log").stat().st_size == 0
    fresh.console("module load no_such_module.so")
    assert (folder / "messages.log").read_bytes().lstrip()[:1] == b"["
