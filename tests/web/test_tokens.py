"""API tokens: made by a person, used by a machine, ended at once."""

from datetime import UTC, datetime, timedelta

import httpx

from signalbox.settings import Settings
from signalbox.store import Store
from signalbox.web.edge import Application
from tests.web.conftest import client_of

TOKENS = "/api/v1/tokens"


def _machine(app: Application, token: str) -> httpx.AsyncClient:
    client = client_of(app)
    client.headers["Authorization"] = f"Bearer {token}"
    return client


async def test_a_token_acts_for_its_owner_until_it_is_deleted(app: Application, admin: httpx.AsyncClient) -> None:
    made = await admin.post(TOKENS, json={"name": "billing"})
    assert made.status_code == 201, made.text
    assert made.json()["token"].startswith("sbx_")
    async with _machine(app, made.json()["token"]) as machine:
        assert (await machine.get("/api/v1/session")).json()["user"]["username"] == "admin"
        assert (await machine.post("/api/v1/extensions", json={"number": "100"})).status_code == 201
        assert (await machine.post(TOKENS, json={"name": "more"})).status_code == 403
        assert (await machine.delete(f"{TOKENS}/1")).status_code == 403
        assert (await admin.delete(f"{TOKENS}/{made.json()['id']}")).status_code == 204
        assert (await machine.get("/api/v1/session")).status_code == 401


async def test_a_token_that_is_too_old_is_refused(app: Application, admin: httpx.AsyncClient) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=200)
    made = await admin.post(TOKENS, json={"name": "short", "expires_at": soon.isoformat()})
    async with _machine(app, made.json()["token"]) as machine:
        while datetime.now(UTC) <= soon:
            await machine.get("/api/v1/session")
        assert (await machine.get("/api/v1/session")).status_code == 401
    for moment in ("2020-01-01T00:00:00Z", "2030-01-01T00:00:00"):
        refused = await admin.post(TOKENS, json={"name": "past", "expires_at": moment})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "expires_at")


async def test_the_text_is_told_once_and_stored_nowhere(
    admin: httpx.AsyncClient, store: Store, settings: Settings
) -> None:
    text = (await admin.post(TOKENS, json={"name": "billing"})).json()["token"]
    listed = await admin.get(TOKENS)
    assert [item["name"] for item in listed.json()["items"]] == ["billing"]
    assert text not in listed.text
    await store.close()
    for file in settings.paths.data.glob("store.db*"):
        assert text.encode() not in file.read_bytes()
