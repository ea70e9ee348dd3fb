"""Who is behind a cookie or a token, and signing in and out: what the web asks of the store."""

import logging
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from signalbox.features.people import rules
from signalbox.features.people.passwords import Passwords, TooBusyError
from signalbox.features.people.tables import FailureRow, SessionRow, TokenRow, UserRow
from signalbox.features.people.users import NO_SCOPE_YET, find_user
from signalbox.kernel.errors import FieldError, InvalidError
from signalbox.kernel.ids import TenantId
from signalbox.store.database import Store
from signalbox.web.access import Role, SignedIn, csrf_token_of
from signalbox.web.errors import ApiError, ErrorCode

MAX_SECRET = 200
_USER_LIMIT = (20, timedelta(minutes=1))  # many, and short: nobody can keep someone else out for long
_SOURCE_LIMIT = (5, timedelta(minutes=15))
_log = logging.getLogger(__name__)


class StoreAccounts:
    """The web's ``Accounts`` on the store; one for each process, since it bounds the hashing of passwords."""

    def __init__(self, store: Store, session_hours: float, passwords: Passwords | None = None) -> None:
        self._store = store
        self._lifetime = timedelta(hours=session_hours)
        self._passwords = passwords or Passwords()

    async def by_session(self, secret: str) -> SignedIn | None:
        """Who owns the session; ``None`` when it is unknown, ended or too old."""
        if not secret or len(secret) > MAX_SECRET:
            return None
        is_open = (SessionRow.digest == rules.digest(secret), SessionRow.expires_at > self._store.clock.now())
        found = select(UserRow).join(SessionRow, SessionRow.user_id == UserRow.id).where(*is_open)
        async with self._store.session(NO_SCOPE_YET) as session:
            user = (await session.scalars(found)).one_or_none()
        return None if user is None else _signed_in(user, csrf_token_of(secret))

    async def by_token(self, secret: str) -> SignedIn | None:
        """Who the token acts for; ``None`` when it is unknown, revoked or too old."""
        if not secret.startswith(rules.TOKEN_PREFIX) or len(secret) > MAX_SECRET:
            return None
        found = (
            select(UserRow, TokenRow.expires_at)
            .join(TokenRow, TokenRow.user_id == UserRow.id)
            .where(TokenRow.digest == rules.digest(secret))
        )
        async with self._store.session(NO_SCOPE_YET) as session:
            row = (await session.execute(found)).one_or_none()
        if row is None or (row[1] is not None and row[1] <= self._store.clock.now()):
            return None
        return _signed_in(row[0], "")

    async def sign_in(self, username: str, password: str, address: str) -> tuple[SignedIn, str]:
        """Check a name and a password, and open a session; returns its secret.

        Raises ``ApiError``: ``wrong_credentials``; ``locked_out`` with ``Retry-After`` after too many failures of this
        user or from this address, whatever the password; ``too_many_requests`` while too many sign in at once.
        """
        async with self._store.session(NO_SCOPE_YET) as session:
            user = await find_user(session, username[: rules.MAX_PASSWORD])
            keys = _keys(user, address)
            await self._refuse_locked(session, keys)
        if not await self._verified(user, password):
            await self._failed(keys)
            _log.warning("sign_in_failed pii_username=%r pii_address=%s", username[:64], address)
            raise ApiError(ErrorCode.WRONG_CREDENTIALS)
        assert user is not None
        rehashed = await self._rehashed(user, password)
        async with self._store.session(NO_SCOPE_YET, write=True) as session:
            await session.execute(delete(FailureRow).where(FailureRow.key.in_(keys)))
            secret = self._open(session, user)
            if rehashed:
                (await session.merge(user)).password_hash = rehashed
        _log.info("signed_in user_id=%d pii_address=%s", user.id, address)
        return _signed_in(user, csrf_token_of(secret)), secret

    async def sign_out(self, secret: str) -> None:
        """End the session, and forget those that are too old."""
        async with self._store.session(NO_SCOPE_YET, write=True) as session:
            ended = (SessionRow.digest == rules.digest(secret)) | (SessionRow.expires_at <= self._store.clock.now())
            await session.execute(delete(SessionRow).where(ended))

    async def change_password(self, who: SignedIn, secret: str, current: str, new: str) -> None:
        """Set a new password and end the person's other sessions.

        Raises ``InvalidError`` at ``current`` or ``new``, and ``ApiError`` as ``sign_in`` does.
        """
        async with self._store.session(NO_SCOPE_YET) as session:
            user = await session.get(UserRow, who.user_id)
            keys = _keys(user, "")[:1]
            await self._refuse_locked(session, keys)
        if user is None or not await self._verified(user, current):
            await self._failed(keys)
            raise InvalidError([FieldError("current", "not_allowed", "This is not your password.")])
        if wrong := list(rules.password_problems(user.username, new, "new")):
            raise InvalidError(wrong)
        hashed = await self._passwords.hash(new)
        async with self._store.session(NO_SCOPE_YET, write=True) as session:
            others = (SessionRow.user_id == user.id, SessionRow.digest != rules.digest(secret))
            await session.execute(delete(SessionRow).where(*others))
            changed = await session.merge(user)
            changed.password_hash = hashed
            changed.password_at = self._store.clock.now()
            changed.must_change_password = False

    async def _verified(self, user: UserRow | None, password: str) -> bool:
        try:
            return await self._passwords.verify(user.password_hash if user else None, password)
        except TooBusyError as error:
            raise ApiError(ErrorCode.TOO_MANY_REQUESTS, headers={"Retry-After": "2"}) from error

    async def _rehashed(self, user: UserRow, password: str) -> str:
        return await self._passwords.hash(password) if self._passwords.is_outdated(user.password_hash) else ""

    def _open(self, session: AsyncSession, user: UserRow) -> str:
        secret = rules.new_session()
        now = self._store.clock.now()
        row = SessionRow(
            digest=rules.digest(secret),
            tenant=user.tenant,
            user_id=user.id,
            created_at=now,
            expires_at=now + self._lifetime,
        )
        session.add(row)
        return secret

    async def _refuse_locked(self, session: AsyncSession, keys: list[str]) -> None:
        now = self._store.clock.now()
        rows = await session.scalars(select(FailureRow).where(FailureRow.key.in_(keys), FailureRow.locked_until > now))
        until = max((row.locked_until for row in rows), default=None)
        if until is not None:
            wait_s = max(1, int((until - now).total_seconds()) + 1)
            detail = f"Too many failed sign-ins. Try again in {wait_s} s."
            raise ApiError(ErrorCode.LOCKED_OUT, detail, headers={"Retry-After": str(wait_s)})

    async def _failed(self, keys: list[str]) -> None:
        now = self._store.clock.now()
        async with self._store.session(NO_SCOPE_YET, write=True) as session:
            await session.execute(delete(FailureRow).where(FailureRow.last_at < now - rules.FORGET_AFTER))
            for key in keys:
                row = await session.get(FailureRow, key, with_for_update=True)
                if row is None:
                    row = FailureRow(key=key, count=0)
                    session.add(row)
                row.count += 1
                row.last_at = now
                allowed, most = _USER_LIMIT if key.startswith("user:") else _SOURCE_LIMIT
                row.locked_until = now + rules.wait_after(row.count, allowed, most)


def _keys(user: UserRow | None, address: str) -> list[str]:
    return [*([f"user:{user.id}"] if user else []), f"source:{address[:80]}"]


def _signed_in(user: UserRow, csrf_token: str) -> SignedIn:
    return SignedIn(
        user_id=user.id,
        username=user.username,
        tenant=TenantId(user.tenant),
        role=Role(user.role),
        must_change_password=user.must_change_password,
        csrf_token=csrf_token,
    )
