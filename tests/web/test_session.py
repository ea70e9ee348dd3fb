"""Signing in, staying in, and getting out."""

from datetime import UTC, datetime

import httpx
import pytest

from signalbox.features.people.users import NO_SCOPE_YET, create_token, find_user
from signalbox.store.database import Store
from signalbox.web.edge import Application
from tests.web.conftest import PASSWORD, USERNAME, client_of, sign_in

RIGHT = {"username": USERNAME, "password": PASSWORD}
WRONG = {"username": USERNAME, "password": "wrong-password"}


async def test_a_session_is_opened_and_known(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/session", json=RIGHT)
    assert answer.status_code == 201
    assert answer.json()["user"] == {
        "username": USERNAME,
        "role": "administrator",
        "must_change_password": False,
    }
    cookie = answer.headers["set-cookie"]
    for part in ("__Host-sb_session=", "HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert part in cookie
    known = await client.get("/api/v1/session")
    assert known.json() == answer.json()


async def test_the_cookie_on_plain_loopback_is_not_secure(app: Application) -> None:
    async with client_of(app, "http://localhost:8080") as client:
        cookie = (await client.post("/api/v1/session", json=RIGHT)).headers["set-cookie"]
        assert "Secure" not in cookie
        assert cookie.startswith("sb_session=")


async def test_nobody_is_told_what_was_wrong(client: httpx.AsyncClient) -> None:
    wrong = await client.post("/api/v1/session", json=WRONG)
    unknown = await client.post("/api/v1/session", json={"username": "ghost", "password": "x"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json()["code"] == unknown.json()["code"] == "wrong_credentials"
    assert wrong.json()["detail"] == unknown.json()["detail"]
    assert "set-cookie" not in wrong.headers


async def test_too_many_failures_lock_out_even_the_right_password(client: httpx.AsyncClient) -> None:
    for _ in range(30):
        answer = await client.post("/api/v1/session", json=WRONG)
        if answer.status_code == 429:
            break
    assert answer.json()["code"] == "locked_out"
    assert int(answer.headers["retry-after"]) >= 1
    assert (await client.post("/api/v1/session", json=RIGHT)).status_code == 429


async def test_a_write_needs_the_csrf_token(admin: httpx.AsyncClient) -> None:
    for token in ("", "0" * 32, "\u00e9"):
        answer = await admin.delete("/api/v1/session", headers={b"X-CSRF-Token": token.encode("latin-1")})
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_token_wrong")
    assert (await admin.delete("/api/v1/session")).status_code == 204


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://testserver.evil.example"])
async def test_a_write_from_another_site_is_refused(client: httpx.AsyncClient, origin: str) -> None:
    answer = await client.post("/api/v1/session", json=RIGHT, headers={"Origin": origin})
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")


async def test_signing_out_ends_the_session(admin: httpx.AsyncClient) -> None:
    cookies = dict(admin.cookies)
    assert (await admin.delete("/api/v1/session")).status_code == 204
    admin.cookies.update(cookies)
    assert (await admin.get("/api/v1/session")).json()["code"] == "not_signed_in"


async def test_signing_in_again_ends_the_session_before(admin: httpx.AsyncClient) -> None:
    before = dict(admin.cookies)
    await sign_in(admin)
    admin.cookies.clear()
    admin.cookies.update(before)
    assert (await admin.get("/api/v1/session")).status_code == 401


async def test_a_new_password_ends_every_other_session(app: Application, admin: httpx.AsyncClient) -> None:
    async with client_of(app) as other:
        await sign_in(other)
        changed = await admin.post("/api/v1/session/password", json={"current": PASSWORD, "new": "a-new-long-secret"})
        assert changed.status_code == 204, changed.text
        assert (await admin.get("/api/v1/session")).status_code == 200
        assert (await other.get("/api/v1/session")).status_code == 401
        assert (await other.post("/api/v1/session", json=RIGHT)).status_code == 401


@pytest.mark.parametrize(
    ("current", "new", "field"), [("wrong-password", "a-new-long-secret", "current"), (PASSWORD, "short", "new")]
)
async def test_a_bad_new_password_names_the_field(admin: httpx.AsyncClient, current: str, new: str, field: str) -> None:
    answer = await admin.post("/api/v1/session/password", json={"current": current, "new": new})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_a_token_needs_no_csrf_token(client: httpx.AsyncClient, store: Store) -> None:
    async with store.session(NO_SCOPE_YET, write=True) as session:
        user = await find_user(session, USERNAME)
        assert user is not None
        _, token = await create_token(session, user.id, "script", datetime.now(UTC))
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await client.get("/api/v1/session", headers=bearer)).json()["csrf_token"] == ""
    assert (await client.post("/api/v1/calls/x-1/hangup", headers=bearer)).status_code == 503


@pytest.mark.parametrize("header", ["Bearer sbx_no", "Bearer", "Basic YTpi", "sbx_no", "Bearer " + "x" * 5000])
async def test_a_bad_token_is_refused_though_there_is_a_session(admin: httpx.AsyncClient, header: str) -> None:
    answer = await admin.get("/api/v1/session", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


@pytest.mark.parametrize("cookie", ["x", "x" * 5000, "\u00e9", "';--"])
async def test_a_forged_cookie_is_nobody(client: httpx.AsyncClient, cookie: str) -> None:
    header = f"__Host-sb_session={cookie}".encode()
    assert (await client.get("/api/v1/session", headers={b"Cookie": header})).status_code == 401
