"""The server certificate of a running Asterisk: copied to where it reads it, and taken over without ending a call.

Reloading ``http`` (for WSS) and ``res_pjsip`` (for TLS) makes both listeners use the new files; connections that are
open stay as they are. Whether that happened is seen in a handshake. Renewing the files is not here.
"""

import asyncio
import contextlib
import hashlib
import logging
import ssl

from signalbox.engine.configure import copy_certificate
from signalbox.engine.errors import EngineError
from signalbox.engine.health import EngineHealth
from signalbox.kernel.process import RunAs
from signalbox.settings import Settings

LOOK_EVERY_S = 60.0
MODULES = ("http", "res_pjsip.so")
_HANDSHAKE_S = 3.0
_GOODBYE_S = 0.5  # PJSIP does not answer it
_SHOWN_WITHIN_S = 5.0
_ASK_AGAIN_S = 0.1
_log = logging.getLogger(__name__)


class EngineCertificate:
    """Keep Asterisk's certificate that of ``paths.server_cert``, whoever replaced it there."""

    def __init__(self, settings: Settings, health: EngineHealth, run_as: RunAs | None) -> None:
        self._settings = settings
        self._health = health
        self._run_as = run_as
        self._seen = b""

    async def run(self) -> None:
        """Look once a minute, for ever."""
        while True:
            try:
                await self.look()
            except (OSError, ValueError, EngineError) as error:  # the files are half written, or Asterisk is away
                _log.warning("engine_certificate_not_taken_over error=%s", error)
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> bool:
        """Have a replaced certificate taken over; False when it is not in force afterwards.

        Raises ``EngineError``, and ``OSError`` or ``ValueError`` for files that cannot be read or do not fit together.
        """
        certificate, seen = await asyncio.to_thread(self._read)
        if seen == self._seen:
            return True
        await asyncio.to_thread(self._copy)
        if not await self._is_shown(certificate):  # an Asterisk that has just started has read it already
            for module in MODULES:
                await self._health.reload(module)
            if not await self._shown_soon(certificate):
                _log.error("engine_certificate_not_in_force cure='restart Signalbox when there are no calls'")
                return False
            _log.info("engine_certificate_in_force")
        self._seen = seen
        return True

    def _read(self) -> tuple[bytes, bytes]:
        """Give the certificate itself and a mark of both files; raises when they are no pair."""
        paths = self._settings.paths
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(paths.server_cert, paths.server_key, password="")  # else it asks on the terminal
        text = paths.server_cert.read_text("ascii")
        first = text[: text.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)]
        return ssl.PEM_cert_to_DER_cert(first), hashlib.sha256(text.encode() + paths.server_key.read_bytes()).digest()

    def _copy(self) -> None:
        folder = copy_certificate(self._settings)
        if self._run_as is not None:
            self._run_as.own(folder)

    async def _shown_soon(self, certificate: bytes) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SHOWN_WITHIN_S):
                while not await self._is_shown(certificate):  # noqa: ASYNC110  Asterisk answers before it has reloaded
                    await asyncio.sleep(_ASK_AGAIN_S)
                return True
        return False

    async def _is_shown(self, certificate: bytes) -> bool:
        sip = self._settings.sip
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(sip.bind, sip.bind)  # noqa: S104  compared, not bound
        for port in (sip.tls_port, sip.wss_port):
            if await shown(host, port) != certificate:
                return False
        return True


async def shown(host: str, port: int) -> bytes:
    """Give the certificate that a listener shows; empty when there is no handshake."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the question is which it is, not whether to trust it
    try:
        async with asyncio.timeout(_HANDSHAKE_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context, ssl_shutdown_timeout=_GOODBYE_S)
            try:
                peer = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            finally:
                writer.close()
                with contextlib.suppress(OSError, TimeoutError):
                    await writer.wait_closed()
    except (OSError, TimeoutError):
        return b""
    return bytes(peer or b"")
