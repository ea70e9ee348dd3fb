"""Whatever is sent, the answer is a problem with a stable code: never a traceback, never half a change."""

from typing import Any

import httpx
import pytest

from signalbox.settings import Settings

PROBLEM = "application/problem+json"
JSON = {"Content-Type": "application/json"}
SIGN_IN = "/api/v1/session"


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    body: dict[str, Any] = answer.json()
    assert answer.headers["content-type"] == PROBLEM
    assert set(body) == {"type", "title", "status", "code", "detail", "request_id", "errors"}
    assert body["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    return (answer.status_code, body["status"], body["code"]) == (status, status, code)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "validation_failed"),
        (b"{", 400, "malformed_json"),
        (b"\xff\xfe", 400, "malformed_json"),
        (b'{"username": "a\x00b", "password": "x"}', 400, "malformed_json"),
        (b'{"username": "\\ud800", "password": "x"}', 400, "malformed_json"),
        (b"[" * 100_000, 400, "too_deep"),
        (b'{"a":' * 100_000, 400, "too_deep"),
        (b'{"username": ' + b"[" * 40 + b"]" * 40 + b"}", 400, "too_deep"),
        (b"[]", 422, "validation_failed"),
        (b"null", 422, "validation_failed"),
        (b"1e999", 422, "validation_failed"),
        (b'{"username": 1, "password": "x"}', 422, "validation_failed"),
        (b'{"username": "a"}', 422, "validation_failed"),
        (b'{"username": "a", "password": "x", "admin": true}', 422, "validation_failed"),
        (b"x" * 10_000_000, 413, "body_too_large"),
    ],
)
async def test_bad_bodies(client: httpx.AsyncClient, body: bytes, status: int, code: str) -> None:
    assert is_problem(await client.post(SIGN_IN, content=body, headers=JSON), status, code)


async def test_brackets_inside_strings_are_not_depth(client: httpx.AsyncClient) -> None:
    answer = await client.post(SIGN_IN, json={"username": "[{" * 90, "password": '\\"' + "[" * 100})
    assert is_problem(answer, 401, "wrong_credentials")


async def test_every_bad_field_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.post(SIGN_IN, json={"username": "x" * 300, "surprise": 1})
    assert is_problem(answer, 422, "validation_failed")
    assert {(each["field"], each["code"]) for each in answer.json()["errors"]} == {
        ("username", "bad_length"),
        ("password", "required"),
        ("surprise", "unknown"),
    }


async def test_a_wrong_type_is_not_converted(client: httpx.AsyncClient) -> None:
    answer = await client.post(SIGN_IN, json={"username": True, "password": 5})
    assert {(each["field"], each["code"]) for each in answer.json()["errors"]} == {
        ("username", "wrong_type"),
        ("password", "wrong_type"),
    }


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_only_json_is_read(client: httpx.AsyncClient, media_type: str) -> None:
    answer = await client.post(SIGN_IN, content=b"{}", headers={"Content-Type": media_type})
    assert is_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("cursor=!!!", 422, "validation_failed"),
        ("cursor=" + "A" * 501, 422, "validation_failed"),
        ("cursor=AAAA", 400, "bad_cursor"),
        ("cursor=W1tbW1tbW1tbW1tbW1tb", 400, "bad_cursor"),
        ("cursor=WzEsIngiXQ", 400, "bad_cursor"),
        ("limit=0", 422, "validation_failed"),
        ("limit=501", 422, "validation_failed"),
        ("limit=x", 422, "validation_failed"),
        ("q=%00", 422, "validation_failed"),
        ("q=%0d%0a", 422, "validation_failed"),
        ("q=" + "x" * 101, 422, "validation_failed"),
        ("from=yesterday", 422, "validation_failed"),
        ("disposition=eaten", 422, "validation_failed"),
    ],
)
async def test_bad_parameters_of_a_list(admin: httpx.AsyncClient, query: str, status: int, code: str) -> None:
    answer = await admin.get(f"/api/v1/call-records?{query}")
    assert is_problem(answer, status, code), answer.text


@pytest.mark.parametrize("call_id", ["a%00b", "a%0d%0aHost:x", "..%2f..%2fetc", "'%20OR%201=1", "x" * 200, "%ff"])
async def test_hostile_paths(admin: httpx.AsyncClient, call_id: str) -> None:
    answer = await admin.get(f"/api/v1/call-records/{call_id}")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == PROBLEM


async def test_unknown_routes_and_methods(admin: httpx.AsyncClient) -> None:
    assert is_problem(await admin.get("/api/v1/nothing"), 404, "not_found")
    refused = await admin.put("/api/v1/session", json={})
    assert is_problem(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, POST"


async def test_options_lists_every_method_without_a_sign_in(client: httpx.AsyncClient) -> None:
    answer = await client.options("/api/v1/session")
    assert answer.status_code == 204
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, POST"


async def test_head_is_get_without_the_body(admin: httpx.AsyncClient) -> None:
    read, head = await admin.get("/api/v1/session"), await admin.head("/api/v1/session")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == read.headers["content-length"]


async def test_security_headers_are_on_every_answer(client: httpx.AsyncClient) -> None:
    for path in ("/", "/api/v1/nothing", "/api/v1/session", "/healthz", "/assets/nothing.js"):
        headers = (await client.get(path)).headers
        assert "script-src 'self';" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["strict-transport-security"]


async def test_a_store_that_is_away_is_said_with_its_cure(
    client: httpx.AsyncClient, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.paths.store_file.write_bytes(b"this is not a database" * 1000)
    answer = await client.post(SIGN_IN, json={"username": "admin", "password": "x"})
    assert is_problem(answer, 503, "store_unavailable")
    assert "backup" in answer.json()["detail"]
    assert "Traceback" not in caplog.text


async def test_a_bug_is_told_to_the_log_alone(
    admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the secret word")

    monkeypatch.setattr("signalbox.web.checks.findings", broken)
    answer = await admin.get("/api/v1/checks/audio")
    assert is_problem(answer, 500, "internal")
    assert "secret word" not in answer.text
    records = [each for each in caplog.records if each.exc_info]
    assert [each.getMessage().split()[0] for each in records] == ["request_failed"]
    assert answer.json()["request_id"] in records[0].getMessage()
