"""baresip, a phone of another make: registers, answers by itself and gives back what it hears."""

import asyncio
import subprocess
from pathlib import Path

from tests.engine.asterisk import until
from tests.engine.phones import Place

MODULES = "/usr/lib/baresip/modules"


class Baresip:
    """One baresip without sound card or terminal; its microphone is its loudspeaker."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    async def start(
        self,
        place: Place,
        user: str,
        password: str,
        *,
        codec: str = "PCMU/8000/1",
        transport: str = "udp",
        encryption: str = "",
    ) -> None:
        """Start and wait until it is registered."""
        self._folder.mkdir(parents=True, exist_ok=True)
        port = {"udp": place.udp, "tcp": place.tcp, "tls": place.tls}[transport]
        settings = [
            "sip_listen 127.0.0.1:0",
            "sip_verify_server no",
            "audio_player aubridge,loop",
            "audio_source aubridge,loop",
            "audio_alert aubridge,none",
            "call_max_calls 4",
            f"module_path {MODULES}",
            *(f"module {name}.so" for name in ("g711", "g722", "aubridge", "srtp")),
            "module_app account.so",
            "module_app menu.so",
        ]
        (self._folder / "config").write_text("\n".join(settings) + "\n")
        encrypted = f";mediaenc={encryption}" if encryption else ""
        account = (
            f"<sip:{user}@{place.host}:{port};transport={transport}>;auth_user={user};auth_pass={password}"
            f";answermode=auto;audio_codecs={codec};regint=300{encrypted}"
        )
        (self._folder / "accounts").write_text(account + "\n")
        (self._folder / "contacts").write_text("")
        command = ["baresip", "-f", str(self._folder)]
        with (self._folder / "output").open("wb") as output:
            self._process = await asyncio.to_thread(
                subprocess.Popen, command, stdin=subprocess.PIPE, stdout=output, stderr=output
            )
        await until(lambda: "200 OK" in self.output(), f"baresip's registration; it said {self.output()}", 10)

    def output(self) -> str:
        return (self._folder / "output").read_text(errors="replace")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
