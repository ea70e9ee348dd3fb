"""A bare Asterisk to measure against: static endpoints, one Dial in the dialplan, nothing of ours."""

import subprocess
import time
from pathlib import Path

from signalbox.engine.install import Installation

_MODULES = (
    "res_timing_timerfd",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_session",
    "res_pjsip_pubsub",
    "res_pjsip_sdp_rtp",
    "res_pjsip_authenticator_digest",
    "res_pjsip_registrar",
    "res_pjsip_endpoint_identifier_user",
    "res_rtp_asterisk",
    "res_pjsip_caller_id",
    "res_pjsip_nat",
    "bridge_simple",
    "bridge_native_rtp",
    "bridge_holding",
    "bridge_softmix",
    "bridge_builtin_features",
    "chan_pjsip",
    "codec_ulaw",
    "codec_alaw",
    "pbx_config",
    "app_dial",
    "func_channel",
)


class BareAsterisk:
    """Static users of ``numbers``; every number dialled is rung at its registered contact."""

    def __init__(self, installation: Installation, folder: Path, port: int, core: int | None = None) -> None:
        self._installation = installation
        self._folder = folder
        self._port = port
        self._prefix = [] if core is None else ["taskset", "-c", str(core)]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, users: dict[str, str]) -> None:
        """Write the configuration for ``users`` (number -> secret), start, and wait until it is booted."""
        etc = self._folder / "etc"
        for folder in (etc, *(self._folder / name for name in ("lib/keys", "spool", "run", "log"))):
            folder.mkdir(parents=True, exist_ok=True)
        (etc / "asterisk.conf").write_text(self._asterisk_conf(etc))
        (etc / "modules.conf").write_text("[modules]\nautoload=no\n" + "".join(f"load={m}.so\n" for m in _MODULES))
        (etc / "pjproject.conf").write_text("[startup]\ntype=startup\n")
        (etc / "pjsip.conf").write_text(self._pjsip_conf(users))
        (etc / "extensions.conf").write_text("[bench]\nexten => _X!,1,Dial(PJSIP/${EXTEN},30)\n same => n,Hangup()\n")
        (etc / "logger.conf").write_text("[general]\n[logfiles]\nmessages => notice,warning,error\n")
        (etc / "rtp.conf").write_text("[general]\nrtpstart=50000\nrtpend=59999\n")
        (etc / "cdr.conf").write_text("[general]\nenable=no\n")
        self._process = subprocess.Popen(
            [*self._prefix, *self._installation.command(etc / "asterisk.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        ask = self._installation.console(etc / "asterisk.conf", "core waitfullybooted")
        while subprocess.run(ask, capture_output=True, check=False).returncode != 0:
            if time.monotonic() > deadline:
                raise RuntimeError("bare Asterisk did not start")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _asterisk_conf(self, etc: Path) -> str:
        folder = self._folder
        return (
            f"[directories](!)\n[directories]\nastetcdir={etc}\nastmoddir={self._installation.modules}\n"
            f"astvarlibdir={folder}/lib\nastdbdir={folder}/lib\nastkeydir={folder}/lib\nastdatadir={self._installation.data}\n"
            f"astspooldir={folder}/spool\nastrundir={folder}/run\nastlogdir={folder}/log\n[options]\nmaxfiles=65536\n"
        )

    def _pjsip_conf(self, users: dict[str, str]) -> str:
        parts = [
            "[global]\ntype=global\nendpoint_identifier_order=username,ip\n",
            f"[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{self._port}\n",
        ]
        for number, secret in users.items():
            parts.append(
                f"[{number}]\ntype=endpoint\ncontext=bench\nauth={number}\naors={number}\ndisallow=all\nallow=ulaw\n"
                f"direct_media=no\n[{number}]\ntype=auth\nauth_type=userpass\nusername={number}\npassword={secret}\n"
                f"[{number}]\ntype=aor\nmax_contacts=2\n"
            )
        return "\n".join(parts)
