"""The application: the frame, the routes of the web process and those of the features, put together."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from signalbox.features.callrecords.api import CallRecordController, read_ladder
from signalbox.features.changes.api import ChangeController
from signalbox.features.extensions.api import ExtensionController, NumberRangeController
from signalbox.features.people.accounts import StoreAccounts
from signalbox.features.people.api import TokenController
from signalbox.features.testcalls.model import TEST_NUMBERS
from signalbox.kernel.link import LinkClient
from signalbox.kernel.secrets import Secrets
from signalbox.settings import Settings
from signalbox.store.database import Store
from signalbox.web import contract, system
from signalbox.web.access import Accounts, Identify, guard, signed_in, tenants
from signalbox.web.board import board
from signalbox.web.body import JsonBody
from signalbox.web.checks import check_audio
from signalbox.web.console import Console, console_file
from signalbox.web.edge import Application, content_policy
from signalbox.web.failures import HANDLERS
from signalbox.web.idempotency import Idempotency
from signalbox.web.installpage import ca_certificate, install_page
from signalbox.web.paging import paging
from signalbox.web.relay import Relay
from signalbox.web.session import SessionController

MAX_BODY = 1024 * 1024

FEATURE_ROUTES: tuple[ControllerRouterHandler, ...] = (
    ExtensionController,
    NumberRangeController,
    ChangeController,
    TokenController,
    CallRecordController,
    read_ladder,
)
"""The routes of every feature; their paths begin below ``/api/v1``."""


def create_app(
    settings: Settings, store: Store, features: Sequence[ControllerRouterHandler] = FEATURE_ROUTES
) -> Application:
    """Build the ASGI application; its lifespan connects to the exchange and the worker.

    Handlers may ask by name for ``settings``, ``store``, ``secrets``, ``box``, ``link`` (to the exchange),
    ``signed_in``, ``tenants`` (the ``Scope`` of whoever asks) and ``paging``.
    """
    secrets = Secrets.open(settings.paths.secrets)
    accounts = StoreAccounts(store, settings.web.session_hours)
    relay = Relay(settings.paths.exchange_socket, store.clock)
    worker_link = LinkClient(settings.paths.worker_socket)
    hints = system.DialHints(tuple(system.DialHint(each.number, each.label) for each in TEST_NUMBERS))

    @asynccontextmanager
    async def links(_: Litestar) -> AsyncIterator[None]:
        await relay.start()
        await worker_link.start()
        try:
            yield
        finally:
            await relay.stop()
            await worker_link.stop()

    application = Application(
        route_handlers=[
            Router("/api/v1", route_handlers=[SessionController, *system.ROUTES, check_audio, *features]),
            *(board, contract.openapi_json, contract.docs_page, system.healthz, system.readyz),
            *(install_page, ca_certificate, console_file),
        ],
        guards=[guard],
        middleware=[Identify(accounts), Idempotency(store, secrets.box, MAX_BODY)],
        dependencies={
            "settings": _given(settings),
            "store": _given(store),
            "secrets": _given(secrets),
            "box": _given(secrets.box),
            "accounts": _given(accounts),
            "relay": _given(relay),
            "link": _given(relay.link),
            "worker_link": _given(worker_link),
            "console": _given(Console()),
            "dial_hints": _given(hints),
            "signed_in": Provide(signed_in, sync_to_thread=False),
            "tenants": Provide(tenants),
            "paging": Provide(paging, sync_to_thread=False),
        },
        signature_types=[Accounts, Relay, Store, Secrets, LinkClient, Console],
        lifespan=[links],
        dto=JsonBody,
        return_dto=None,
        exception_handlers=HANDLERS,
        openapi_config=contract.openapi_config(),
        plugins=[contract.ClosedStructs()],
        request_max_body_size=MAX_BODY,
        logging_config=None,
        debug=False,
    )
    application.policy = content_policy(settings.sip)
    return application


def _given(value: Any) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)
