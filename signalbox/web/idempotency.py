"""``Idempotency-Key``: a POST repeated with the same key has its effect once, and the same answer.

Kept are answers of requests that succeeded; one that was refused changed nothing and may be tried again. A request
whose end is unknown (the process died in the middle) stays refused: the client must look what became of it.
"""

import hashlib
from datetime import timedelta
from typing import Any

import msgspec
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from sqlalchemy import delete

from signalbox.kernel.errors import ConflictError, FieldError
from signalbox.kernel.secrets import Box
from signalbox.store.database import Store
from signalbox.store.scope import Scope as StoreScope
from signalbox.web.access import SignedIn, guard
from signalbox.web.errors import ApiError, ErrorCode, FieldCode
from signalbox.web.tables import IdempotencyRow

KEPT = timedelta(hours=24)
MAX_KEY = 200
_HEADER = b"idempotency-key"


class _Answer(msgspec.Struct):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Idempotency(ASGIMiddleware):
    """Replay or record; runs after the client is known, since every user has keys of their own."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, store: Store, box: Box, max_body: int) -> None:
        self._store = store
        self._box = box
        self._max_body = max_body

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        given = next((value for name, value in scope["headers"] if name == _HEADER), None)
        who: SignedIn | None = scope.get("user")
        if given is None or who is None or scope.get("method") != "POST":
            await next_app(scope, receive, send)
            return
        assert scope["type"] == ScopeType.HTTP
        await guard(ASGIConnection(scope, receive, send), scope["route_handler"])  # an answer kept is an answer given
        key = _digest(f"{who.user_id}:{_checked(given)}".encode())
        body = await self._read(receive)
        known = await self._claim(key, _request_digest(scope, body))
        if known is not None:
            await _replay(known, send)
            return
        await self._run(key, scope, _again(body, receive), send, next_app)

    async def _run(self, key: str, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        answer = _Answer(500, [], b"")

        async def recording(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = [(bytes(name), bytes(value)) for name, value in message["headers"]]
            elif message["type"] == "http.response.body":
                answer.body += message["body"]
                if not message.get("more_body"):  # kept before it is sent: who has the answer can have it again
                    await self._settle(key, answer)
            await send(message)

        await next_app(scope, receive, recording)

    async def _claim(self, key: str, request: str) -> _Answer | None:
        """Take ``key`` for this request, or give the answer of its first. Raises ``ApiError``."""
        now = self._store.clock.now()
        try:
            async with self._session() as session:
                await session.execute(delete(IdempotencyRow).where(IdempotencyRow.expires_at <= now))
                row = await session.get(IdempotencyRow, key)
                if row is None:
                    session.add(IdempotencyRow(key_digest=key, request_digest=request, expires_at=now + KEPT))
                    return None
        except ConflictError as error:  # the other one came first by a moment
            raise ApiError(ErrorCode.KEY_IN_USE, headers={"Retry-After": "1"}) from error
        if row.request_digest != request:
            raise ApiError(ErrorCode.KEY_REUSED)
        if row.answer is None:
            raise ApiError(ErrorCode.KEY_IN_USE, headers={"Retry-After": "1"})
        return msgspec.json.decode(self._box.open(row.answer), type=_Answer)

    async def _settle(self, key: str, answer: _Answer) -> None:
        async with self._session() as session:
            row = await session.get(IdempotencyRow, key)
            if row is None:
                return
            if answer.status < 400:
                row.answer = self._box.seal(msgspec.json.encode(answer).decode())
            else:
                await session.delete(row)

    def _session(self) -> Any:
        return self._store.session(StoreScope.everything("idempotency keys belong to users, not tenants"), write=True)

    async def _read(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise ApiError(ErrorCode.MALFORMED_REQUEST, "The connection was closed in the middle")
            body += message["body"]
            if len(body) > self._max_body:
                raise ApiError(ErrorCode.BODY_TOO_LARGE)
            if not message.get("more_body"):
                return bytes(body)


def _checked(given: bytes) -> str:
    if not (0 < len(given) <= MAX_KEY and all(0x21 <= byte <= 0x7E for byte in given)):
        detail = f"1 to {MAX_KEY} printable characters without spaces"
        raise ApiError(
            ErrorCode.VALIDATION_FAILED, fields=[FieldError("Idempotency-Key", FieldCode.BAD_FORMAT, detail)]
        )
    return given.decode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _request_digest(scope: HTTPScope, body: bytes) -> str:
    return _digest(b"\n".join((scope["path"].encode(), scope["query_string"], body)))


def _again(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _replay(answer: _Answer, send: Send) -> None:
    headers = [*answer.headers, (b"idempotency-replayed", b"true")]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})
