"""Users, passwords, sessions, lock-out: on both databases."""

import asyncio
from typing import Literal

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from signalbox.features.extensions.tables import ExtensionRow
from signalbox.features.first_start import first_start
from signalbox.features.people import rules
from signalbox.features.people.accounts import StoreAccounts
from signalbox.features.people.passwords import AT_ONCE, WAITING, Passwords, TooBusyError
from signalbox.features.people.tables import FailureRow, SessionRow, UserRow
from signalbox.features.people.users import NO_SCOPE_YET, create_user, reset_password
from signalbox.kernel.errors import ConflictError, InvalidError, NotFoundError
from signalbox.kernel.secrets import Secrets
from signalbox.settings import Settings
from signalbox.store import Scope, Store
from signalbox.store.tables import ChangeSet
from signalbox.web.errors import ApiError
from tests.store.clock import SetClock

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct-horse-battery"


@pytest.fixture
async def accounts(store: Store) -> StoreAccounts:
    await create_user(store, "ann", PASSWORD, passwords=Passwords(QUICK))
    return StoreAccounts(store, session_hours=12, passwords=Passwords(QUICK))


async def _code(accounts: StoreAccounts, password: str, address: str = "192.0.2.1", username: str = "ann") -> str:
    try:
        await accounts.sign_in(username, password, address)
    except ApiError as error:
        return error.code.value
    return "signed_in"


async def test_a_session_lasts_its_hours_and_ends_when_told(accounts: StoreAccounts, clock: SetClock) -> None:
    who, secret = await accounts.sign_in("ann", PASSWORD, "192.0.2.1")
    assert await accounts.by_session(secret) == who
    clock.pass_time(hours=11.9)
    assert await accounts.by_session(secret) == who
    clock.pass_time(hours=0.2)
    assert await accounts.by_session(secret) is None
    _, secret = await accounts.sign_in("ann", PASSWORD, "192.0.2.1")
    await accounts.sign_out(secret)
    assert await accounts.by_session(secret) is None


async def test_the_database_holds_no_secret_in_clear(accounts: StoreAccounts, store: Store) -> None:
    _, secret = await accounts.sign_in("ann", PASSWORD, "192.0.2.1")
    async with store.session(NO_SCOPE_YET) as session:
        (user,) = await session.scalars(select(UserRow))
        (row,) = await session.scalars(select(SessionRow))
    assert user.password_hash.startswith("$argon2id$")
    assert secret not in row.digest
    assert await accounts.by_session(row.digest) is None


async def test_a_hash_of_weaker_parameters_is_renewed_at_sign_in(store: Store, accounts: StoreAccounts) -> None:
    stronger = StoreAccounts(store, 12, Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)))
    assert await _code(stronger, PASSWORD) == "signed_in"
    async with store.session(NO_SCOPE_YET) as session:
        (user,) = await session.scalars(select(UserRow))
    assert "m=16,t=2" in user.password_hash
    assert await _code(stronger, PASSWORD) == "signed_in"


async def test_an_address_waits_longer_with_each_failure(accounts: StoreAccounts, clock: SetClock) -> None:
    assert [await _code(accounts, "wrong") for _ in range(5)] == ["wrong_credentials"] * 5
    assert await _code(accounts, PASSWORD) == "locked_out"
    assert await _code(accounts, PASSWORD, "192.0.2.99") == "signed_in"
    waited: list[float] = []
    for _ in range(6):
        began = clock.at
        while await _code(accounts, "wrong") == "locked_out":
            clock.pass_time(seconds=1)
        waited.append((clock.at - began).total_seconds())
    assert waited == [2, 4, 8, 16, 32, 64]
    clock.pass_time(minutes=15)
    assert await _code(accounts, PASSWORD) == "signed_in"
    assert await _code(accounts, "wrong") == "wrong_credentials"
    assert await _code(accounts, PASSWORD) == "signed_in"


async def test_guesses_from_many_addresses_slow_down_but_never_shut_the_owner_out_for_long(
    accounts: StoreAccounts, clock: SetClock
) -> None:
    codes = [await _code(accounts, "wrong", f"198.51.100.{index}") for index in range(60)]
    assert codes.count("wrong_credentials") == 20
    assert await _code(accounts, PASSWORD, "203.0.113.1") == "locked_out"
    clock.pass_time(seconds=61)
    assert await _code(accounts, PASSWORD, "203.0.113.1") == "signed_in"


async def test_old_failures_are_forgotten(accounts: StoreAccounts, store: Store, clock: SetClock) -> None:
    await _code(accounts, "wrong")
    await _code(accounts, "wrong", username="nobody")
    clock.pass_time(days=2)
    await _code(accounts, "wrong", "192.0.2.2")
    async with store.session(NO_SCOPE_YET) as session:
        keys = set(await session.scalars(select(FailureRow.key)))
    assert keys == {"user:1", "source:192.0.2.2"}


@pytest.mark.parametrize("username", ["", "nobody", "ANN", "a\x00b", "\ud800", "ann'--", "x" * 300])
async def test_a_name_that_is_nobodys_is_answered_alike(accounts: StoreAccounts, username: str) -> None:
    assert await _code(accounts, PASSWORD, username=username) == "wrong_credentials"


async def test_two_hash_at_a_time_and_a_crowd_is_refused() -> None:
    running = most = 0

    class Slow(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  the name is argon2's
            nonlocal running, most
            running += 1
            most = max(most, running)
            result = super().verify(hash, password)
            running -= 1
            return result

    passwords = Passwords(Slow(time_cost=1, memory_cost=1024, parallelism=1))
    stored = await passwords.hash(PASSWORD)
    results = await asyncio.gather(
        *(passwords.verify(stored, PASSWORD) for _ in range(WAITING + 5)), return_exceptions=True
    )
    assert results.count(True) == WAITING
    assert sum(isinstance(result, TooBusyError) for result in results) == 5
    assert most <= AT_ONCE


async def test_changing_the_password_ends_the_other_sessions(accounts: StoreAccounts) -> None:
    _, elsewhere = await accounts.sign_in("ann", PASSWORD, "192.0.2.1")
    who, secret = await accounts.sign_in("ann", PASSWORD, "192.0.2.1")
    for current, new, field in (("wrong", "another-long-one", "current"), (PASSWORD, "short", "new")):
        with pytest.raises(InvalidError) as caught:
            await accounts.change_password(who, secret, current, new)
        assert [error.field for error in caught.value.errors] == [field]
    await accounts.change_password(who, secret, PASSWORD, "another-long-one")
    assert await accounts.by_session(elsewhere) is None
    assert await accounts.by_session(secret) is not None
    assert await _code(accounts, PASSWORD) == "wrong_credentials"
    assert await _code(accounts, "another-long-one") == "signed_in"


async def test_a_reset_makes_a_new_password_and_ends_every_session(accounts: StoreAccounts, store: Store) -> None:
    _, secret = await accounts.sign_in("ann", PASSWORD, "192.0.2.1")
    fresh = await reset_password(store, "ann")
    assert await accounts.by_session(secret) is None
    assert await _code(accounts, PASSWORD) == "wrong_credentials"
    assert await _code(accounts, fresh) == "signed_in"
    with pytest.raises(NotFoundError):
        await reset_password(store, "nobody")


async def test_names_are_unique_and_plain_and_passwords_not_easy(store: Store, accounts: StoreAccounts) -> None:
    with pytest.raises(ConflictError):
        await create_user(store, "ann", PASSWORD)
    for username, password in (("An n", PASSWORD), ("ben", "short"), ("ben", "ben-ben-ben"), ("ben", "aaaaaaaaaaaa")):
        with pytest.raises(InvalidError):
            await create_user(store, username, password)


def test_generated_passwords_pass_the_rules_and_differ() -> None:
    made = {rules.new_password() for _ in range(100)}
    assert len(made) == 100
    assert [problem for password in made for problem in rules.password_problems("admin", password)] == []


async def test_the_first_start_happens_once(settings: Settings, store: Store) -> None:
    told = await first_start(settings)
    assert told is not None
    assert await first_start(settings) is None
    assert [(each.number, each.name) for each in told.extensions] == [("100", "Alice"), ("101", "Bob")]
    accounts = StoreAccounts(store, 12)
    who, _ = await accounts.sign_in(told.username, told.password, "127.0.0.1")
    assert (who.username, who.must_change_password) == ("admin", False)
    for secret in (told.password, *(each.secret for each in told.extensions)):
        assert secret not in repr(told)


async def test_a_first_start_that_was_cut_short_is_a_first_start_again(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut_short(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("signalbox.features.first_start.create_user", cut_short)
        with pytest.raises(KeyboardInterrupt):
            await first_start(settings)
    told = await first_start(settings)
    assert told is not None
    box = Secrets.open(settings.paths.secrets).box
    async with store.session(Scope.everything("test")) as session:
        assert len((await session.scalars(select(ChangeSet))).all()) == 2
        rows = await _sealed(session)
    assert {number: box.open(sealed) for number, sealed in rows.items()} == {
        each.number: each.secret for each in told.extensions
    }


async def _sealed(session: AsyncSession) -> dict[str, str]:
    return {row.number: row.phone_secret for row in await session.scalars(select(ExtensionRow))}
