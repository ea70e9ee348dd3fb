"""The last handlers: whatever was raised becomes one problem, and a bug one line with its traceback in the log."""

import logging
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, InternalServerException, ValidationException

from signalbox.kernel.errors import DomainError, FieldError
from signalbox.kernel.link import LinkDownError, LinkError
from signalbox.store.errors import StoreError
from signalbox.web.body import field_error
from signalbox.web.edge import request_id
from signalbox.web.errors import ApiError, ErrorCode, problem_of

AnyRequest = Request[Any, Any, Any]
_log = logging.getLogger(__name__)

_GONE = "client disconnected prematurely"
"""Litestar's words, of a status 500, for a client that left in the middle of its body."""

_CODES = {
    400: ErrorCode.MALFORMED_REQUEST,
    401: ErrorCode.NOT_SIGNED_IN,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    413: ErrorCode.BODY_TOO_LARGE,
    415: ErrorCode.UNSUPPORTED_MEDIA_TYPE,
    429: ErrorCode.TOO_MANY_REQUESTS,
}


def answer(error: ApiError) -> Response[bytes]:
    """Render ``error`` as problem+json."""
    problem = problem_of(error, request_id.get())
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type="application/problem+json",
        headers=error.headers,
    )


def on_api_error(_: AnyRequest, error: ApiError) -> Response[bytes]:
    """Answer what our own code refused."""
    return answer(error)


def on_bad_parameters(_: AnyRequest, error: ValidationException) -> Response[bytes]:
    """Answer what Litestar refused of path, query and headers."""
    extra = error.extra if isinstance(error.extra, list) else []
    fields = [_parameter(item) for item in extra if isinstance(item, dict)]
    return answer(ApiError(ErrorCode.VALIDATION_FAILED, "" if fields else error.detail, fields=fields))


def _parameter(item: dict[str, Any]) -> FieldError:
    name = str(item.get("key", ""))
    message = str(item.get("message", ""))
    if name == "data" and message.strip("'\"") == "data":  # how Litestar says that there is no body at all
        return field_error("Object missing required field `body`")
    return field_error(message, name)


def on_http_error(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Answer what Litestar refused otherwise: no such route, wrong method, too large."""
    if isinstance(error, InternalServerException) and error.detail == _GONE:
        _log.info("client_gone request_id=%s client=%s", request_id.get(), request.scope.get("client"))
        return answer(ApiError(ErrorCode.MALFORMED_REQUEST, error.detail))
    if isinstance(error, InternalServerException) or error.status_code not in _CODES:
        return on_bug(request, error)
    code = _CODES[error.status_code]
    detail = error.detail if code is ErrorCode.MALFORMED_REQUEST else ""
    return answer(ApiError(code, detail, headers=error.headers))


def on_link_down(_: AnyRequest, error: LinkDownError) -> Response[bytes]:
    """Answer while the exchange is away."""
    _log.info("exchange_away request_id=%s error=%s", request_id.get(), error)
    return answer(ApiError(ErrorCode.ENGINE_UNAVAILABLE, headers={"Retry-After": "2"}))


def on_link_refused(_: AnyRequest, error: LinkError) -> Response[bytes]:
    """Answer what the exchange refused."""
    if error.code == "not_found":
        return answer(ApiError(ErrorCode.NOT_FOUND, error.detail))
    return answer(ApiError(ErrorCode.ENGINE_REJECTED, error.detail))


def on_domain_error(_: AnyRequest, error: DomainError) -> Response[bytes]:
    """Answer what the rules of a feature refused; its code is one of ours."""
    return answer(ApiError(ErrorCode(error.code), error.detail, fields=error.errors))


def on_store_error(_: AnyRequest, error: StoreError) -> Response[bytes]:
    """Answer while the database cannot do its work, with the cure, for who asks is the administrator."""
    _log.warning("store_failed request_id=%s code=%s error=%s", request_id.get(), error.code, error)
    return answer(ApiError(ErrorCode.STORE_UNAVAILABLE, str(error), headers={"Retry-After": "2"}))


def on_bug(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Answer a bug: nothing of it is told, the log has it once under the request's id."""
    _log.error(
        "request_failed request_id=%s method=%s path=%s",
        request_id.get(),
        request.scope["method"],
        request.scope["path"],
        exc_info=error,
    )
    return answer(ApiError(ErrorCode.INTERNAL))


HANDLERS: dict[type[Exception] | int, Any] = {
    ApiError: on_api_error,
    ValidationException: on_bad_parameters,
    HTTPException: on_http_error,
    LinkDownError: on_link_down,
    LinkError: on_link_refused,
    DomainError: on_domain_error,
    StoreError: on_store_error,
    Exception: on_bug,
}
