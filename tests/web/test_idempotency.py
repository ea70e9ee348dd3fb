"""A POST repeated with the same key has its effect once and the same answer."""

import asyncio
from datetime import timedelta

import httpx
from sqlalchemy import func, select, text, update

from signalbox.store.database import Store
from signalbox.store.scope import Scope
from signalbox.web.edge import Application
from signalbox.web.tables import IdempotencyRow
from tests.web.conftest import client_of, sign_in

EVERYTHING = Scope.everything("a test looks at every row")
PATH = "/api/v1/extensions"
NEW = {"number": "150", "name": "Once"}
KEY = {"Idempotency-Key": "6f1c-once"}


async def extensions(admin: httpx.AsyncClient) -> int:
    total: int = (await admin.get(PATH)).json()["total"]
    return total


async def test_the_same_key_creates_once(admin: httpx.AsyncClient) -> None:
    first = await admin.post(PATH, json=NEW, headers=KEY)
    again = await admin.post(PATH, json=NEW, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert await extensions(admin) == 1


async def test_at_the_same_moment_it_creates_once(admin: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(admin.post(PATH, json=NEW, headers=KEY) for _ in range(5)))
    codes = {answer.status_code for answer in answers}
    assert 201 in codes
    assert codes <= {201, 409}
    assert await extensions(admin) == 1


async def test_the_same_key_for_another_body_is_refused(admin: httpx.AsyncClient) -> None:
    await admin.post(PATH, json=NEW, headers=KEY)
    answer = await admin.post(PATH, json={"number": "151", "name": "Twice"}, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert await extensions(admin) == 1


async def test_a_refused_request_may_be_tried_again(admin: httpx.AsyncClient) -> None:
    bad = await admin.post(PATH, json={"number": "x"}, headers=KEY)
    assert bad.status_code == 422
    assert (await admin.post(PATH, json=NEW, headers=KEY)).status_code == 201


async def test_keys_belong_to_their_session_only(app: Application, admin: httpx.AsyncClient) -> None:
    await admin.post(PATH, json=NEW, headers=KEY)
    async with client_of(app) as nobody:
        answer = await nobody.post(PATH, json=NEW, headers=KEY)
        assert answer.status_code == 401
        assert "secret" not in answer.text
        await sign_in(nobody)
        answer = await nobody.post(PATH, json=NEW, headers=KEY | {"X-CSRF-Token": "no"})
        assert answer.status_code == 403


async def test_a_key_whose_request_never_ended_stays_refused(admin: httpx.AsyncClient, store: Store) -> None:
    await admin.post(PATH, json=NEW, headers=KEY)
    async with store.session(EVERYTHING, write=True) as session:
        await session.execute(update(IdempotencyRow).values(answer=None))
    answer = await admin.post(PATH, json=NEW, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")


async def test_old_keys_are_forgotten(admin: httpx.AsyncClient, store: Store) -> None:
    await admin.post(PATH, json=NEW, headers=KEY)
    async with store.session(EVERYTHING, write=True) as session:
        past = store.clock.now() - timedelta(seconds=1)
        await session.execute(update(IdempotencyRow).values(expires_at=past))
    await admin.post(PATH, json={"number": "152", "name": "Next"}, headers={"Idempotency-Key": "another"})
    async with store.session(EVERYTHING) as session:
        assert await session.scalar(select(func.count(IdempotencyRow.key_digest))) == 1


async def test_kept_answers_do_not_reveal_secrets(admin: httpx.AsyncClient, store: Store) -> None:
    secret = (await admin.post(PATH, json=NEW, headers=KEY)).json()["secret"]
    async with store.session(EVERYTHING) as session:
        kept = (await session.execute(text("SELECT * FROM idempotency_keys"))).one()
    assert secret not in str(kept)
    assert KEY["Idempotency-Key"] not in str(kept)


async def test_bad_keys_are_named(admin: httpx.AsyncClient) -> None:
    for key in ("", "with space", "x" * 201, "\u00e9"):
        answer = await admin.post(PATH, json=NEW, headers={b"Idempotency-Key": key.encode()})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
