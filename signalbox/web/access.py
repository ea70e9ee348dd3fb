"""Who is asking and what they may: the one guard of every route, and the scope of tenants that follows from it."""

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Send
from litestar.types import Scope as ASGIScope

from signalbox.kernel.ids import TenantId
from signalbox.store.database import Store
from signalbox.store.scope import Scope
from signalbox.store.tenants import subtree
from signalbox.web.errors import ApiError, ErrorCode
from signalbox.web.given import Given

PUBLIC = {"public": True}
"""Give a handler ``opt=PUBLIC`` when it must answer without a sign-in."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_COOKIE = "sb_session"

AnyConnection = ASGIConnection[Any, Any, Any, Any]


class Role(StrEnum):
    """What a person may do; so far all who sign in administer."""

    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whoever is behind a request: a person with a session, or a machine with a token (no ``csrf_token``)."""

    user_id: int
    username: str
    tenant: TenantId
    role: Role
    must_change_password: bool = False
    csrf_token: str = ""


@runtime_checkable
class Accounts(Protocol):
    """The people who may sign in; ``secret`` is the text in the cookie or after ``Bearer``."""

    async def by_session(self, secret: str) -> SignedIn | None: ...

    async def by_token(self, secret: str) -> SignedIn | None: ...

    async def sign_in(self, username: str, password: str, address: str) -> tuple[SignedIn, str]:
        """Raises ``ApiError`` with ``wrong_credentials`` or ``locked_out``."""
        ...

    async def sign_out(self, secret: str) -> None: ...

    async def change_password(self, who: SignedIn, secret: str, current: str, new: str) -> None:
        """End the person's other sessions too. Raises ``ApiError`` when ``current`` is wrong or ``new`` too weak."""
        ...


def cookie_name(connection: AnyConnection) -> str:
    """Name the session cookie: ``__Host-`` binds it to this host and to TLS, which plain loopback has not."""
    return f"__Host-{_COOKIE}" if is_secure(connection) else _COOKIE


def is_secure(connection: AnyConnection) -> bool:
    """Tell whether the request came over TLS."""
    return connection.scope["scheme"] in {"https", "wss"}


def session_secret(connection: AnyConnection) -> str:
    """Read the session's secret from the cookie; empty when there is none."""
    return connection.cookies.get(cookie_name(connection), "")


def csrf_token_of(secret: str) -> str:
    """Derive a session's CSRF token: our pages are told it, a page that only makes the browser send is not."""
    return hashlib.sha256(b"csrf:" + secret.encode()).hexdigest()[:32]


def is_same_origin(connection: AnyConnection) -> bool:
    """Tell whether the page behind a browser's request is ours; requests that name no origin are not from a page."""
    origin = connection.headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == connection.headers.get("host", "").lower()


async def identify(connection: AnyConnection, accounts: Accounts) -> SignedIn | None:
    """Find who asks, by token or cookie. Raises ``ApiError`` for a token that is not valid."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if token or scheme:
        who = await accounts.by_token(token.strip()) if scheme.lower() == "bearer" else None
        if who is None:
            raise ApiError(ErrorCode.NOT_SIGNED_IN, "The token is not valid", headers={"WWW-Authenticate": "Bearer"})
        return who
    secret = session_secret(connection)
    return await accounts.by_session(secret) if secret else None


async def guard(connection: AnyConnection, handler: BaseRouteHandler) -> None:
    """Let a request pass or raise ``ApiError``; every route of the application goes through here."""
    method = connection.scope.get("method", "GET")
    is_socket = connection.scope["type"] == ScopeType.WEBSOCKET
    if (is_socket or method not in _SAFE_METHODS) and not is_same_origin(connection):
        raise ApiError(ErrorCode.WRONG_ORIGIN)
    if handler.opt.get("public") or method == "OPTIONS":
        return
    who: SignedIn | None = connection.scope.get("user")
    if who is None:
        raise ApiError(ErrorCode.NOT_SIGNED_IN, headers={"WWW-Authenticate": "Bearer"})
    if is_socket and who.csrf_token and "origin" not in connection.headers:
        raise ApiError(ErrorCode.WRONG_ORIGIN)  # a browser always tells; whoever else has a session's cookie took it
    if who.csrf_token and method not in _SAFE_METHODS:
        given = connection.headers.get("x-csrf-token", "")
        if not hmac.compare_digest(given.encode(), who.csrf_token.encode()):
            raise ApiError(ErrorCode.CSRF_TOKEN_WRONG)
    if who.role is not Role.ADMINISTRATOR:
        raise ApiError(ErrorCode.FORBIDDEN)


def signed_in(request: Request[Any, Any, Any]) -> SignedIn:
    """Provide a handler's ``signed_in`` argument."""
    who: SignedIn = request.scope["user"]
    return who


async def tenants(request: Request[Any, Any, Any], store: Given[Store]) -> Scope:
    """Provide a handler's ``tenants`` argument: whose rows this request may see. No other place makes that choice."""
    return await subtree(store, signed_in(request).tenant)


class Identify(ASGIMiddleware):
    """Put whoever asks into the connection before anything else looks at it; whether that is enough, ``guard`` says."""

    scopes = (ScopeType.HTTP, ScopeType.WEBSOCKET)

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def handle(self, scope: ASGIScope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        is_public = scope["route_handler"].opt.get("public")
        scope["user"] = None if is_public else await identify(ASGIConnection(scope, receive, send), self._accounts)
        await next_app(scope, receive, send)
