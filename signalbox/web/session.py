"""``/session``: sign in, who am I, sign out, change one's password."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.params import JSONBody
from msgspec import Meta

from signalbox.settings import Settings
from signalbox.web.access import (
    PUBLIC,
    Accounts,
    AnyConnection,
    Role,
    SignedIn,
    cookie_name,
    csrf_token_of,
    is_secure,
    session_secret,
)
from signalbox.web.given import Given
from signalbox.web.relay import Relay

_Password = Annotated[str, Meta(max_length=200)]
_AnyRequest = Request[Any, Any, Any]


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """A name and a password as typed."""

    username: Annotated[str, Meta(max_length=200)]
    password: _Password


class NewPassword(msgspec.Struct, forbid_unknown_fields=True):
    """The password now and the one from now on."""

    current: _Password
    new: _Password


class UserView(msgspec.Struct):
    """Whoever is signed in."""

    username: str
    role: Role
    must_change_password: bool


class SessionView(msgspec.Struct):
    """``csrf_token`` goes into the header ``X-CSRF-Token`` of every write."""

    user: UserView
    csrf_token: str


def _view(who: SignedIn) -> SessionView:
    return SessionView(UserView(who.username, who.role, who.must_change_password), who.csrf_token)


def _cookie(connection: AnyConnection, secret: str, max_age: int) -> Cookie:
    return Cookie(
        key=cookie_name(connection),
        value=secret,
        max_age=max_age,
        path="/",
        httponly=True,
        secure=is_secure(connection),
        samesite="lax",
    )


class SessionController(Controller):
    """A browser's session; machines use tokens instead."""

    path = "/session"
    tags = ("Session",)

    @post(opt=PUBLIC, summary="Sign in")
    async def sign_in(
        self,
        request: _AnyRequest,
        data: JSONBody[SignIn],
        accounts: Given[Accounts],
        settings: Given[Settings],
        relay: Given[Relay],
    ) -> Response[SessionView]:
        """Open a session and set its cookie; a session that the browser had before is ended."""
        address = request.client.host if request.client else ""
        who, secret = await accounts.sign_in(data.username, data.password, address)
        await _end(request, accounts, relay)
        cookie = _cookie(request, secret, int(settings.web.session_hours * 3600))
        return Response(_view(who), status_code=201, cookies=[cookie])

    @get(summary="Who am I")
    async def read(self, signed_in: Given[SignedIn]) -> SessionView:
        """Tell who is signed in, and the CSRF token of the session."""
        return _view(signed_in)

    @delete(summary="Sign out", status_code=204)
    async def sign_out(self, request: _AnyRequest, accounts: Given[Accounts], relay: Given[Relay]) -> Response[None]:
        """End the session; its live connections close."""
        await _end(request, accounts, relay)
        return Response(None, status_code=204, cookies=[_cookie(request, "", 0)])

    @post("/password", summary="Change one's password", status_code=204)
    async def change_password(
        self, request: _AnyRequest, data: JSONBody[NewPassword], signed_in: Given[SignedIn], accounts: Given[Accounts]
    ) -> None:
        """Set a new password; every other session of the same person ends."""
        await accounts.change_password(signed_in, session_secret(request), data.current, data.new)


async def _end(request: _AnyRequest, accounts: Accounts, relay: Relay) -> None:
    secret = session_secret(request)
    if secret:
        await accounts.sign_out(secret)
        relay.end_session(csrf_token_of(secret))
