"""One tenant's rows are not read, changed or counted through another by any route: the routes are asked one by one.

A route that is new is in the list by itself; one that takes a body or names an object of a new kind must say here what
to send, else the test fails.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from litestar.routes import HTTPRoute
from sqlalchemy import Table, inspect, select

from signalbox.features.callrecords.tables import CallRecordRow
from signalbox.features.extensions import edit
from signalbox.features.extensions.model import Draft
from signalbox.features.people.users import create_token, create_user, find_user
from signalbox.kernel.ids import FIRST_TENANT, TenantId
from signalbox.kernel.secrets import Secrets
from signalbox.settings import Settings
from signalbox.store import Scope, Store
from signalbox.store.tables import Base, TenantOwned
from signalbox.store.tenants import add_tenant
from signalbox.web.edge import Application
from tests.web.conftest import client_of
from tests.web.exchange import FakeExchange, call, line

MARK = "Zanzibar"
NUMBER = "555"
CALL_ID = "n1-1772366400.7"
PASSWORD = "a-long-password-of-theirs"
EVERYTHING = Scope.everything("the test compares all that is there")

BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/v1/session"): {"username": "bob", "password": "not the right one"},
    ("POST", "/api/v1/session/password"): {"current": "not the right one", "new": "a-new-long-password"},
    ("POST", "/api/v1/extensions"): {"name": "mine"},
    ("POST", "/api/v1/extensions/bulk"): {"start": "600", "count": 3},
    ("PATCH", "/api/v1/extensions/{number:str}"): {"name": "taken over"},
    ("POST", "/api/v1/tokens"): {"name": "mine"},
    ("PATCH", "/api/v1/number-ranges"): {"extensions": {"first": "10", "last": "20"}},
}
NOT_ASKED = {
    ("DELETE", "/api/v1/session"): "ends the very session that asks",
    ("GET", "/api/v1/schema/{path:str}"): "the framework's own pages, which are shut",
}


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    names_an_object: bool
    takes_a_body: bool

    def url(self, known: dict[str, str]) -> str:
        parts = [part[1:-1].partition(":")[0] if part.startswith("{") else None for part in self.path.split("/")]
        missing = [name for name in parts if name and name not in known]
        assert not missing, f"{self.path}: say in this test which {missing} is an object of another tenant"
        return "/".join(known[n] if n else part for n, part in zip(parts, self.path.split("/"), strict=True))


def _routes(app: Application) -> list[Route]:
    found = []
    for route in app.routes:
        if isinstance(route, HTTPRoute) and route.path.startswith("/api/v1/"):
            for method, (handler, _) in route.route_handler_map.items():
                if method != "OPTIONS" and not handler.opt.get("public") and (method, route.path) not in NOT_ASKED:
                    takes_a_body = "data" in handler.parsed_fn_signature.parameters
                    found.append(Route(method, route.path, "{" in route.path, takes_a_body))
    return found


@pytest.fixture
async def alice(store: Store) -> TenantId:
    return await _company(store, "alice")


@pytest.fixture
async def bob(store: Store) -> TenantId:
    return await _company(store, "bob")


async def _company(store: Store, admin: str) -> TenantId:
    async with store.session(EVERYTHING, write=True) as session:
        tenant = await add_tenant(session, FIRST_TENANT, "company", f"Company of {admin}")
    await create_user(store, admin, PASSWORD, tenant=tenant)
    return tenant


async def _fill(store: Store, settings: Settings, tenant: TenantId) -> dict[str, str]:
    """Give ``tenant`` something of everything; the names of its objects as they stand in paths."""
    box = Secrets.open(settings.paths.secrets).box
    async with store.change(Scope.only(tenant), "alice", f"{MARK} change") as change:
        drafts = [Draft(number=number, name=f"{MARK} {number}") for number in (NUMBER, "556", "557")]
        await edit.create_many(change, box, drafts)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    texts = dict.fromkeys(("from_number", "from_name", "to_number", "to_name", "dialled"), MARK)
    async with store.session(Scope.only(tenant), write=True) as session:
        session.add(
            CallRecordRow(call_id=CALL_ID, started_at=at, ended_at=at, disposition="failed", cause=0, legs=[], **texts)
        )
        owner = await find_user(session, "alice")
        assert owner is not None
        token, _ = await create_token(session, owner.id, f"{MARK} token", at)
    return {"number": NUMBER, "change_id": str(change.id), "call_id": CALL_ID, "token_id": str(token.id)}


async def _rows(store: Store, tenant: TenantId) -> dict[str, list[dict[str, Any]]]:
    """Every row that ``tenant`` owns, of every table."""
    rows: dict[str, list[dict[str, Any]]] = {}
    async with store.session(EVERYTHING) as session:
        for mapper in Base.registry.mappers:
            kind = mapper.class_
            if issubclass(kind, TenantOwned):
                assert isinstance(mapper.local_table, Table)
                found = (await session.scalars(select(kind).where(kind.tenant == tenant))).all()
                keys = inspect(kind).column_attrs.keys()
                rows[mapper.local_table.name] = [{key: getattr(row, key) for key in keys} for row in found]
    return rows


@contextlib.asynccontextmanager
async def _signed_in(app: Application, username: str) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        answer = await client.post("/api/v1/session", json={"username": username, "password": PASSWORD})
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        yield client


async def _ask(client: httpx.AsyncClient, route: Route, known: dict[str, str]) -> httpx.Response:
    body = None
    if route.takes_a_body:
        assert (route.method, route.path) in BODIES, f"say in this test what {route.method} {route.path} takes"
        body = BODIES[route.method, route.path]
    return await client.request(route.method, route.url(known), json=body, headers={"If-Match": "*"})


async def _everything_read(client: httpx.AsyncClient, app: Application, known: dict[str, str]) -> dict[str, Any]:
    answers = {}
    for route in _routes(app):
        if route.method == "GET":
            answer = await _ask(client, route, known)
            answers[route.path] = (answer.status_code, answer.json() | {"request_id": ""})
    return answers


async def test_what_another_tenant_has_changes_no_answer(
    app: Application, store: Store, settings: Settings, alice: TenantId, bob: TenantId
) -> None:
    known = {"number": NUMBER, "change_id": "1", "call_id": CALL_ID, "token_id": "1"}
    async with _signed_in(app, "bob") as client:
        before = await _everything_read(client, app, known)
        assert await _fill(store, settings, alice) == known
        assert await _everything_read(client, app, known) == before
    assert before["/api/v1/extensions"][1]["total"] == 0


async def test_the_owner_sees_all_of_it(app: Application, store: Store, settings: Settings, alice: TenantId) -> None:
    known = await _fill(store, settings, alice)
    async with _signed_in(app, "alice") as client:
        answers = await _everything_read(client, app, known)
    for path, (status, content) in answers.items():
        if "{" in path and "ladder" not in path:
            assert status == 200, path
            assert MARK in str(content), path
    assert answers["/api/v1/extensions"][1]["total"] == 3


async def test_no_route_reads_or_changes_what_another_tenant_has(
    app: Application, store: Store, settings: Settings, exchange: FakeExchange, alice: TenantId, bob: TenantId
) -> None:
    known = await _fill(store, settings, alice)
    exchange.move(line(NUMBER, tenant=alice), calls=(call(CALL_ID, tenant=alice),))
    before = await _rows(store, alice)
    assert len(before["extensions"]) == 3
    async with _signed_in(app, "bob") as client:
        for route in _routes(app):
            answer = await _ask(client, route, known)
            assert MARK not in answer.text, f"{route.method} {route.path}"
            assert answer.status_code < 500, f"{route.method} {route.path}: {answer.text}"
            if route.names_an_object:
                assert answer.status_code == 404, f"{route.method} {route.path}: {answer.text}"
        for query in (f"?q={MARK}", f"?q={NUMBER}"):
            for path in ("/api/v1/extensions", "/api/v1/changes", "/api/v1/call-records"):
                found = (await client.get(path + query)).json()
                assert (found["items"], found["total"]) == ([], 0)
    assert await _rows(store, alice) == before
    assert exchange.hung_up == []


async def test_two_tenants_may_have_the_same_number(
    app: Application, store: Store, settings: Settings, alice: TenantId, bob: TenantId
) -> None:
    await _fill(store, settings, alice)
    async with _signed_in(app, "bob") as client:
        answer = await client.post("/api/v1/extensions", json={"number": NUMBER, "name": "Bob's"})
        assert answer.status_code == 201
        phone = (await client.post(f"/api/v1/extensions/{NUMBER}/softphone")).json()
    assert phone["endpoint"] == f"t{bob}-{NUMBER}-web"
