"""Make users, give them new passwords, make and end their tokens."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from signalbox.features.people import rules
from signalbox.features.people.passwords import Passwords
from signalbox.features.people.tables import SessionRow, TokenRow, UserRow
from signalbox.kernel.errors import ConflictError, FieldError, InvalidError, NotFoundError
from signalbox.kernel.ids import FIRST_TENANT, TenantId
from signalbox.store.database import Store
from signalbox.store.scope import Scope
from signalbox.web.access import Role

NO_SCOPE_YET = Scope.everything("a name or secret is looked up before it is known whose it is")


async def create_user(
    store: Store,
    username: str,
    password: str,
    *,
    tenant: TenantId = FIRST_TENANT,
    role: Role = Role.ADMINISTRATOR,
    passwords: Passwords | None = None,
) -> UserRow:
    """Add someone who may sign in. Raises ``InvalidError`` and ``ConflictError``."""
    wrong = [*rules.username_problems(username), *rules.password_problems(username, password)]
    if wrong:
        raise InvalidError(wrong)
    hashed = await (passwords or Passwords()).hash(password)
    async with store.session(NO_SCOPE_YET, write=True) as session:
        if await find_user(session, username) is not None:
            detail = f"There is already a user {username}."
            raise ConflictError(detail, [FieldError("username", "taken", detail)])
        user = _user(username, hashed, tenant, role, store.clock.now())
        session.add(user)
    return user


def _user(username: str, hashed: str, tenant: TenantId, role: Role, now: datetime) -> UserRow:
    return UserRow(
        tenant=tenant,
        username=username,
        password_hash=hashed,
        role=role.value,
        must_change_password=False,
        created_at=now,
        password_at=now,
    )


async def find_user(session: AsyncSession, username: str) -> UserRow | None:
    """Find someone by name; a text that cannot be a name is nobody's."""
    if any(rules.username_problems(username)):
        return None
    users = await session.scalars(select(UserRow).where(UserRow.username == username))
    return users.one_or_none()


async def reset_password(store: Store, username: str) -> str:
    """Give ``username`` a generated password, which is returned and nowhere stored, and end every session of theirs.

    Raises ``NotFoundError``.
    """
    password = rules.new_password()
    hashed = await Passwords().hash(password)
    async with store.session(NO_SCOPE_YET, write=True) as session:
        user = await find_user(session, username)
        if user is None:
            raise NotFoundError(f"user {username}")
        user.password_hash = hashed
        user.password_at = store.clock.now()
        await session.execute(delete(SessionRow).where(SessionRow.user_id == user.id))
    return password


async def create_token(
    session: AsyncSession, user_id: int, name: str, now: datetime, expires_at: datetime | None = None
) -> tuple[TokenRow, str]:
    """Make a machine's credential that acts for ``user_id``; the text is told only here."""
    text = rules.new_token()
    row = TokenRow(user_id=user_id, name=name, digest=rules.digest(text), created_at=now, expires_at=expires_at)
    session.add(row)
    await session.flush()
    return row, text
