"""The application: the frame, the routes of the web process and those of the features, put together."""

from collections.abc import Sequence

from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from signalbox.kernel.link import LinkClient
from signalbox.settings import Settings
from signalbox.store.database import Store
from signalbox.web import contract
from signalbox.web.access import guard, signed_in, tenants
from signalbox.web.body import JsonBody
from signalbox.web.edge import Application
from signalbox.web.failures import HANDLERS
from signalbox.web.paging import paging

MAX_BODY = 1024 * 1024


def create_app(
    settings: Settings, store: Store, link: LinkClient, features: Sequence[ControllerRouterHandler]
) -> Application:
    """Build the ASGI application; ``features`` are the route handlers under ``/api/v1`` of every feature.

    Handlers may ask by name for ``settings``, ``store``, ``link``, ``signed_in``, ``tenants`` (the
    ``Scope`` of the session) and ``paging``.
    """
    return Application(
        route_handlers=[contract.openapi_json, contract.docs_page, *features],
        guards=[guard],
        dependencies={
            "settings": Provide(lambda: settings, sync_to_thread=False),
            "store": Provide(lambda: store, sync_to_thread=False),
            "link": Provide(lambda: link, sync_to_thread=False),
            "signed_in": Provide(signed_in, sync_to_thread=False),
            "tenants": Provide(tenants),
            "paging": Provide(paging, sync_to_thread=False),
        },
        dto=JsonBody,
        return_dto=None,
        exception_handlers=HANDLERS,
        openapi_config=contract.openapi_config(),
        plugins=[contract.ClosedStructs()],
        request_max_body_size=MAX_BODY,
        logging_config=None,
        state=State({"settings": settings, "store": store, "link": link}),
        debug=False,
    )
