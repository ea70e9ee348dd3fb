"""The OpenAPI description: what Litestar leaves out is added here, and a page shows it without any script."""

import html
from functools import lru_cache
from typing import Any, cast

import msgspec
from litestar import MediaType, Request, Response, Router, get
from litestar._openapi.schema_generation import SchemaCreator
from litestar._openapi.schema_generation.plugins.struct import StructSchemaPlugin
from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Schema
from litestar.typing import FieldDefinition

from signalbox import __version__
from signalbox.web.access import PUBLIC
from signalbox.web.errors import Problem

_METHODS = {"get", "post", "put", "patch", "delete"}
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


class ClosedStructs(StructSchemaPlugin):
    """State ``additionalProperties: false`` for structs that forbid unknown fields."""

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        schema = super().to_openapi_schema(field_definition, schema_creator)
        if cast("type[msgspec.Struct]", field_definition.type_).__struct_config__.forbid_unknown_fields:
            schema.additional_properties = False
        return schema


def _never(_: ASGIConnection[Any, Any, Any, Any], __: BaseRouteHandler) -> None:
    raise NotFoundException


def openapi_config() -> OpenAPIConfig:
    """Configure the generator; Litestar's own pages, which load scripts from elsewhere, answer 404."""
    hidden = Router("/api/v1/schema", route_handlers=[], include_in_schema=False, guards=[_never])
    return OpenAPIConfig(
        title="Signalbox", version=__version__, use_handler_docstrings=True, openapi_router=hidden, servers=[]
    )


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """Complete Litestar's schema: problems for every failure, the two ways to sign in."""
    components = schema.setdefault("components", {})
    (problem,), parts = msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")
    del problem
    components.setdefault("schemas", {}).update(parts)
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": "sb_session"},
    }
    schema["security"] = [{"token": []}, {"session": []}]
    for item in schema["paths"].values():
        for method, operation in item.items():
            if method in _METHODS:
                operation["responses"].pop("400", None)
                operation["responses"].get("204", {}).pop("content", None)
                operation["responses"]["default"] = {"description": "A problem (RFC 9457)", "content": _PROBLEM}
    _mend_tuples(schema)
    return schema


def _mend_tuples(part: Any) -> None:
    """Litestar describes the items of ``tuple[X, ...]`` as X or anything (its ``...``), which nothing can satisfy."""
    if isinstance(part, dict):
        items = part.get("items")
        if isinstance(items, dict) and {} in items.get("oneOf", ()):
            part["items"] = next(each for each in items["oneOf"] if each)
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            _mend_tuples(each)


@lru_cache(maxsize=4)
def _rendered(app: Any) -> tuple[bytes, bytes]:
    schema = described(app.openapi_schema.to_schema())
    return msgspec.json.encode(schema), _page(schema).encode()


def _page(schema: dict[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{method.upper()}</code></td><td><code>{html.escape(path)}</code></td>"
        f"<td>{html.escape(operation.get('description') or operation.get('summary') or '')}</td></tr>"
        for path, item in sorted(schema["paths"].items())
        for method, operation in item.items()
        if method in _METHODS
    ]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<title>Signalbox REST interface</title><style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem;"
        "padding:0 1rem}td{padding:.3rem 1rem .3rem 0;vertical-align:top;border-top:1px solid #8885}"
        ":root{color-scheme:light dark}</style><h1>Signalbox REST interface</h1>"
        "<p>The whole description, for tools: <a href=openapi.json>openapi.json</a> (OpenAPI 3.1). Every failure is "
        "a problem (RFC 9457) with a stable <code>code</code>.</p><table>" + "".join(rows) + "</table></html>"
    )


@get("/api/v1/openapi.json", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def openapi_json(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer the OpenAPI 3.1 description."""
    return Response(_rendered(request.app)[0], media_type=MediaType.JSON)


@get("/api/v1/docs", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def docs_page(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer the description as a page."""
    return Response(_rendered(request.app)[1], media_type=MediaType.HTML)
