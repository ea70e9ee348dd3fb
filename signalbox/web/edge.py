"""What holds for every answer, whatever the route: request id, security headers, HEAD and OPTIONS."""

import secrets
from collections import defaultdict
from contextvars import ContextVar
from typing import Any

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.routes import HTTPRoute
from litestar.types import HTTPScope, LifeSpanReceive, LifeSpanScope, LifeSpanSend, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, reset_contextvars

from signalbox.settings import Sip

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The request being answered, for the log and for problems."""


def content_policy(sip: Sip) -> bytes:
    """What a page of ours may load: nothing from elsewhere, no inline script; the browser phone's own port."""
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            f"connect-src 'self' wss://*:{sip.wss_port} ws://localhost:{sip.ws_port} ws://127.0.0.1:{sip.ws_port}",
            "font-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    ).encode()


_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"microphone=(self), camera=(self), geolocation=()"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000")


class Application(Litestar):
    """Litestar with the same frame around every answer, also around those that no route gave."""

    policy = content_policy(Sip())

    def allowed_methods(self, path_template: str) -> str:
        """List the methods of every handler that shares a path; Litestar's own answer knows the first handler only."""
        methods: dict[str, set[str]] = defaultdict(set)
        for route in self.routes:
            if isinstance(route, HTTPRoute):
                methods[route.path].update(route.methods)
        return ", ".join(sorted(_with_head(methods[path_template])))

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
            return
        token = request_id.set(secrets.token_hex(8))
        bound = bind_contextvars(request_id=request_id.get())
        try:
            framed = self._framed(scope, send) if scope["type"] == ScopeType.HTTP else send
            await super().__call__(scope, receive, framed)
        finally:
            reset_contextvars(**bound)
            request_id.reset(token)

    def _framed(self, scope: HTTPScope, send: Any) -> Send:
        asked = scope["method"]
        if asked == "HEAD":
            scope["method"] = "GET"

        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._headers(scope, list(message.get("headers", ())), asked)
            elif message["type"] == "http.response.body" and asked == "HEAD":
                message["body"] = b""
            await send(message)

        return framed

    def _headers(self, scope: HTTPScope, headers: list[tuple[bytes, bytes]], asked: str) -> list[tuple[bytes, bytes]]:
        present = {name.lower() for name, _ in headers}
        framed = [
            (name, self._allow(scope, value, asked) if name.lower() == b"allow" else value) for name, value in headers
        ]
        framed += [(b"content-security-policy", self.policy)]
        framed += [header for header in _HEADERS if header[0] not in present]
        framed.append((b"x-request-id", request_id.get().encode()))
        if b"cache-control" not in present:
            framed.append((b"cache-control", b"no-store"))
        if scope["scheme"] == "https" and not _is_localhost(scope):
            framed.append(_HSTS)
        return framed

    def _allow(self, scope: HTTPScope, given: bytes, asked: str) -> bytes:
        template = scope.get("path_template", "")
        if asked == "OPTIONS" and template:
            return self.allowed_methods(template).encode()
        return ", ".join(sorted(_with_head({part.strip() for part in given.decode().split(",")}))).encode()


def _is_localhost(scope: HTTPScope) -> bool:
    # Strict transport holds for every port of a name: plain HTTP on loopback, ours and everyone else's, would end.
    return any(name == b"host" and value.startswith(b"localhost") for name, value in scope["headers"])


def _with_head(methods: set[str]) -> set[str]:
    named = {method for method in methods if method.isupper()}  # a WebSocket is not a method
    return named | {"HEAD"} if "GET" in named else named
