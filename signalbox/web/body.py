"""A request's JSON body: decoded once, strictly, with every bad field named.

Litestar would decode to plain values and convert leniently ("5" for 5), so that a wrong type passed; a body type here
is decoded as it is declared.
"""

import re
from collections.abc import Generator
from typing import Any, TypeVar

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar.dto import AbstractDTO
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from signalbox.kernel.errors import FieldError
from signalbox.web.errors import ApiError, ErrorCode, FieldCode

T = TypeVar("T")

MAX_DEPTH = 32
_PATH = re.compile(r" - at `(?:key in )?\$(.*?)`$")
_INDEX = re.compile(r"\[(\d+|\.\.\.)\]")
_NAMED = re.compile(r"Object (missing required|contains unknown) field `(.*)`$")
_CODES: tuple[tuple[re.Pattern[str], FieldCode], ...] = (
    (re.compile(r"of length"), FieldCode.BAD_LENGTH),
    (re.compile(r"matching regex|Invalid (?:RFC|UUID|base64|date|encoded|enc)"), FieldCode.BAD_FORMAT),
    (re.compile(r"Invalid enum|Invalid value"), FieldCode.NOT_A_CHOICE),
    (re.compile(r"[<>]=? -?\d|multiple of|out of range"), FieldCode.OUT_OF_RANGE),
)
_WORDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"matching regex '\^\[0-9\]\{(\d+),(\d+)\}\$'"), r"Use \1 to \2 digits."),
    (re.compile(r"matching regex"), "This has characters, or a form, that are not allowed here."),
    (re.compile(r"of length >= 1$"), "This must not be empty."),
    (re.compile(r"str.* of length <= (\d+)"), r"Use at most \1 characters."),
    (re.compile(r"str.* of length >= (\d+)"), r"Use at least \1 characters."),
    (re.compile(r"of length <= (\d+)"), r"Give at most \1."),
    (re.compile(r"of length >= (\d+)"), r"Give at least \1."),
    (re.compile(r">= (-?\d+)"), r"Use \1 or more."),
    (re.compile(r"<= (-?\d+)"), r"Use \1 or less."),
)
"""What people read at a field, for what they can mistype; the rest is for who writes programs."""


def decode_body(body: bytes, kind: type[T]) -> T:
    """Decode ``body`` as ``kind``. Raises ``ApiError`` naming each field that is wrong."""
    refuse_deep(body)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _refused(body, kind, error) from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ApiError(ErrorCode.MALFORMED_JSON, str(error)) from error


def refuse_deep(body: bytes) -> None:
    """Raise ``ApiError`` when ``body`` nests deeper than ``MAX_DEPTH``; costs nothing for ordinary bodies."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for mark in re.finditer(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', body, re.DOTALL):
        if mark[0] in b"[{":
            depth += 1
        elif mark[0] in b"]}":
            depth -= 1
        if depth > MAX_DEPTH:
            raise ApiError(ErrorCode.TOO_DEEP, f"At most {MAX_DEPTH} levels are read")


def field_error(message: str, field: str = "") -> FieldError:
    """Translate msgspec's ``message`` about (a part of) ``field``."""
    path = _PATH.search(message)
    text = message[: path.start()] if path else message
    where = (field + (_INDEX.sub(r".\1", path[1]) if path else "")).strip(".")
    if named := _NAMED.match(text):
        code = FieldCode.REQUIRED if named[1].startswith("missing") else FieldCode.UNKNOWN
        detail = "This field is required" if code is FieldCode.REQUIRED else "There is no such field"
        return FieldError(f"{where}.{named[2]}".strip("."), code, detail)
    code = next((code for pattern, code in _CODES if pattern.search(text)), FieldCode.WRONG_TYPE)
    text = text.replace("`", "")
    words = next((found.expand(said) for pattern, said in _WORDS if (found := pattern.search(text))), text)
    return FieldError(where, code, words)


def _refused(body: bytes, kind: Any, error: msgspec.ValidationError) -> ApiError:
    found = {problem.field: problem for problem in (*_each_field(body, kind), field_error(str(error)))}
    return ApiError(ErrorCode.VALIDATION_FAILED, fields=found.values())


def _each_field(body: bytes, kind: Any) -> list[FieldError]:  # msgspec stops at the first; people want them all
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return []
    try:
        given = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except msgspec.ValidationError:
        return []
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    missing = [name for name, field in known.items() if field.required and name not in given]
    problems = [field_error(f"Object missing required field `{name}`") for name in missing]
    for name, raw in given.items():
        if name not in known:
            if kind.__struct_config__.forbid_unknown_fields:
                problems.append(field_error(f"Object contains unknown field `{name}`"))
            continue
        try:
            msgspec.json.decode(raw, type=known[name].type)
        except msgspec.ValidationError as error:
            problems.append(field_error(str(error), name))
    return problems


class JsonBody(AbstractDTO[Any]):
    """Make every handler's ``data`` argument go through ``decode_body`` (the application's ``dto``)."""

    def decode_bytes(self, value: bytes) -> Any:
        request = self.asgi_connection
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise ApiError(ErrorCode.UNSUPPORTED_MEDIA_TYPE)
        field = request.route_handler.parsed_data_field
        return decode_body(value, field.annotation)

    @classmethod
    def create_for_field_definition(cls, *_: Any, **__: Any) -> None:
        """Do nothing: no transfer model is generated."""

    @classmethod
    def is_supported_model_type_field(cls, field_definition: FieldDefinition) -> bool:
        return False  # answers are encoded as they are

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: SchemaCreator
    ) -> Reference | Schema:
        return schema_creator.for_field_definition(field_definition)

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Generator[Any, None, None]:
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        return False
