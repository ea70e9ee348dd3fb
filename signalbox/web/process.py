"""The web process: HTTPS for everyone, plain HTTP for this machine alone, one application behind both."""

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
from collections.abc import Iterator

import uvicorn

from signalbox.kernel.operator import OperatorError, explained
from signalbox.settings import Settings
from signalbox.store.database import Store
from signalbox.web import certificates
from signalbox.web.application import create_app
from signalbox.web.edge import Application
from signalbox.web.protocol import DroppableSocket, GuardedHttp

RENEW_S = 3600.0
STOP_S = 5
MAX_CONNECTIONS = 4000
_MAX_MESSAGE = 64 * 1024
_log = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """One listener; signals are the process's, for it has two."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises ``OperatorError`` when a certificate or a port cannot be had."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await serve(settings, stopped)


async def serve(settings: Settings, stopped: asyncio.Event, ready: asyncio.Event | None = None) -> None:
    """Serve until ``stopped``; ``ready`` is set once both ports answer."""
    web = settings.web
    await asyncio.to_thread(certificates.ensure, settings)
    async with contextlib.AsyncExitStack() as stack:
        sockets = [
            stack.enter_context(_listen(host, port))
            for host, port in ((web.bind, web.https_port), ("127.0.0.1", web.http_port))
        ]
        store = Store.open(settings)
        stack.push_async_callback(store.close)
        app = create_app(settings, store)
        secure, plain = _server(app, settings), _server(app)
        secure.config.load()
        assert secure.config.ssl is not None
        async with app.lifespan(), asyncio.TaskGroup() as group:
            served = [
                group.create_task(server.serve([listener]))
                for server, listener in zip((secure, plain), sockets, strict=True)
            ]
            group.create_task(_announce((secure, plain), ready))
            renewing = group.create_task(_renew(settings, secure.config.ssl))
            await stopped.wait()
            secure.should_exit = plain.should_exit = True
            await asyncio.wait(served)
            renewing.cancel()
    _log.info("web_stopped")


def _listen(host: str, port: int) -> socket.socket:
    try:
        if ":" in host:
            both = host == "::" and socket.has_dualstack_ipv6()
            return socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=both, backlog=512)
        return socket.create_server((host, port), backlog=512)
    except OSError as error:
        raise explained(error, f"web, port {port} on {host}") from error


def _server(app: Application, secure: Settings | None = None) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http=GuardedHttp,
            ws=DroppableSocket,
            ws_max_size=_MAX_MESSAGE,
            ws_ping_interval=5.0,
            ws_ping_timeout=10.0,
            ws_per_message_deflate=False,  # costs more CPU a message than the bytes are worth on a local network
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=STOP_S,
            ssl_certfile=None if secure is None else secure.paths.server_cert,
            ssl_keyfile=None if secure is None else secure.paths.server_key,
        )
    )


async def _announce(servers: tuple[_Server, ...], ready: asyncio.Event | None) -> None:
    for server in servers:
        await server.listening.wait()
    _log.info("web_ready")
    if ready is not None:
        ready.set()


async def _renew(settings: Settings, context: ssl.SSLContext) -> None:
    """Renew in time; new connections have whatever certificate is there now, an administrator's too."""
    paths = settings.paths
    loaded = paths.server_cert.read_bytes()
    while True:
        await asyncio.sleep(RENEW_S)
        try:
            await asyncio.to_thread(certificates.ensure, settings)
            if (found := paths.server_cert.read_bytes()) != loaded:
                context.load_cert_chain(paths.server_cert, paths.server_key, password="")
                loaded = found
        except (OperatorError, OSError) as error:  # the old one serves on
            _log.error("certificate_not_renewed error=%s", error)
