"""REST routes of API tokens: a person makes credentials for machines, which then act in that person's name."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.params import JSONBody, PathParameter
from msgspec import Meta
from sqlalchemy import func, select

from signalbox.features.people.tables import TokenRow
from signalbox.features.people.users import create_token
from signalbox.kernel.errors import FieldError, InvalidError, NotFoundError
from signalbox.store import Scope, Store
from signalbox.web.access import SignedIn
from signalbox.web.errors import ApiError, ErrorCode
from signalbox.web.fields import Name
from signalbox.web.given import Given
from signalbox.web.paging import Page, Paging, page_of

TokenId = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token to make; without ``expires_at`` it is valid until it is deleted."""

    name: Name
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A token, without its text."""

    id: int
    name: str
    created_at: datetime
    expires_at: datetime | None


class CreatedToken(TokenView, frozen=True, kw_only=True):
    """A new token with its text, which is told only here."""

    token: str


class TokenController(Controller):
    """The tokens of whoever asks."""

    path = "/tokens"
    tags = ("Session",)

    @get(summary="List one's tokens")
    async def list_tokens(
        self, store: Given[Store], tenants: Given[Scope], signed_in: Given[SignedIn], paging: Given[Paging]
    ) -> Page[TokenView]:
        """In the order in which they were made; ``q`` searches names."""
        wanted = [TokenRow.user_id == signed_in.user_id, TokenRow.name.icontains(paging.q, autoescape=True)]
        after = paging.after(int) or 0
        page = select(TokenRow).where(*wanted, TokenRow.id > after).order_by(TokenRow.id).limit(paging.limit + 1)
        async with store.session(tenants) as session:
            total = await session.scalar(select(func.count(TokenRow.id)).where(*wanted))
            found = [_view(row) for row in await session.scalars(page)]
        return page_of(found, paging, lambda token: token.id, total or 0)

    @post(summary="Make a token")
    async def create(
        self,
        data: JSONBody[NewToken],
        store: Given[Store],
        tenants: Given[Scope],
        signed_in: Given[SignedIn],
    ) -> Response[CreatedToken]:
        """Answer its text once. A token cannot make further tokens."""
        _refuse_machine(signed_in)
        now = store.clock.now()
        if data.expires_at is not None and data.expires_at <= now:
            raise InvalidError([FieldError("expires_at", "out_of_range", "This moment has passed.")])
        async with store.session(tenants, write=True) as session:
            row, text = await create_token(session, signed_in.user_id, data.name, now, data.expires_at)
        told = CreatedToken(**msgspec.structs.asdict(_view(row)), token=text)
        return Response(told, headers={"Cache-Control": "no-store"})

    @delete("/{token_id:int}", summary="Delete a token", status_code=204)
    async def revoke(
        self, store: Given[Store], tenants: Given[Scope], signed_in: Given[SignedIn], token_id: TokenId
    ) -> None:
        """Machines that use it are refused from the next request on."""
        _refuse_machine(signed_in)
        async with store.session(tenants, write=True) as session:
            row = await session.get(TokenRow, token_id)
            if row is None or row.user_id != signed_in.user_id:
                raise NotFoundError(f"token {token_id}")
            await session.delete(row)


def _refuse_machine(who: SignedIn) -> None:
    if not who.csrf_token:
        raise ApiError(ErrorCode.FORBIDDEN, "Only a person who is signed in may make and delete tokens.")


def _view(row: TokenRow) -> TokenView:
    return TokenView(id=row.id, name=row.name, created_at=row.created_at, expires_at=row.expires_at)
