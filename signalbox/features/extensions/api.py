"""REST routes of extensions: list, create, bulk, change, delete, new secret, browser phone."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import UNSET, UnsetType
from sqlalchemy import ColumnElement, func, or_, select

from signalbox.features import changes
from signalbox.features.extensions import commands, edit, rules
from signalbox.features.extensions.edit import Created
from signalbox.features.extensions.model import (
    MAX_BULK,
    CodecList,
    Contacts,
    Draft,
    DtmfMode,
    EmailText,
    ExpirySeconds,
    Extension,
    MusicName,
    NameText,
    NetworkList,
    NumberRange,
    NumberText,
    Options,
    QualifySeconds,
    RangeName,
    RingSeconds,
    RtpSeconds,
    phone_endpoint,
    web_endpoint,
)
from signalbox.features.extensions.ranges import move_ranges, next_number, ranges_of
from signalbox.features.extensions.tables import ExtensionRow
from signalbox.kernel.errors import ConflictError, FieldError, InvalidError
from signalbox.kernel.link import LinkClient
from signalbox.kernel.secrets import Box
from signalbox.settings import Settings
from signalbox.store import Scope, Store
from signalbox.web.access import SignedIn
from signalbox.web.etag import IfMatch, etag_of, require_match, tagged
from signalbox.web.given import Given
from signalbox.web.paging import Page, Paging, page_of

EndCalls = Annotated[bool, QueryParameter(description="End the calls of its phones, too.")]
NumberPath = Annotated[str, PathParameter(pattern="^[0-9]{2,11}$")]


class NewExtension(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An extension to create; without a number it gets the next free one of the range (PBX-NUM-10)."""

    number: NumberText | None = None
    name: NameText = ""


class NewExtensions(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Extensions ``start`` and following, alike but for their numbers and secrets (PBX-EXT-02)."""

    start: NumberText
    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_BULK)]
    name: NameText = ""


class ExtensionPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to change; the rest stays."""

    number: NumberText | UnsetType = UNSET
    name: NameText | UnsetType = UNSET
    email: EmailText | UnsetType = UNSET
    ring_s: RingSeconds | UnsetType = UNSET
    max_contacts: Contacts | UnsetType = UNSET
    register_expiry_s: ExpirySeconds | UnsetType = UNSET
    web_phone: bool | UnsetType = UNSET
    srtp: bool | UnsetType = UNSET
    codecs: CodecList | UnsetType = UNSET
    dtmf_mode: DtmfMode | UnsetType = UNSET
    nat: bool | UnsetType = UNSET
    qualify_s: QualifySeconds | UnsetType = UNSET
    permit_ip: NetworkList | UnsetType = UNSET
    rtp_timeout_s: RtpSeconds | UnsetType = UNSET
    music_on_hold: MusicName | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """The fields that were sent."""
        fields = msgspec.structs.asdict(self)
        return {name: value for name, value in fields.items() if value is not UNSET}


class ChangedExtension(Extension, frozen=True, kw_only=True):
    """An extension after a change: the change set's number, and whether it is in force already."""

    change: int
    published: bool


class NewSecret(Extension, frozen=True, kw_only=True):
    """An extension with its phones' secret, which is told only here."""

    secret: str
    change: int
    published: bool


class CreatedExtension(msgspec.Struct, frozen=True):
    """One of a bulk, with its phones' secret."""

    number: str
    name: str
    secret: str


class CreatedExtensions(msgspec.Struct, frozen=True):
    """A bulk that was created."""

    items: list[CreatedExtension]
    change: int
    published: bool


class Deleted(msgspec.Struct, frozen=True):
    """The change set that deleted, and whether it is in force already.

    ``channels`` are the legs that were ended on request: null when that was not asked for, or could not be confirmed.
    """

    change: int
    published: bool
    channels: int | None = None


class Softphone(msgspec.Struct, frozen=True, kw_only=True):
    """What the browser phone needs to register."""

    uri: str
    endpoint: str
    username: str
    secret: str
    realm: str
    display_name: str
    ws_url: str
    wss_url: str


class ExtensionController(Controller):
    """Extensions of the tenant that asks. Every write is one change set."""

    path = "/extensions"
    tags = ("Extensions",)

    @get(summary="List extensions")
    async def list_extensions(
        self, store: Given[Store], tenants: Given[Scope], paging: Given[Paging]
    ) -> Page[Extension]:
        """In the order of their numbers; ``q`` searches number, name and e-mail."""
        wanted = [ExtensionRow.tenant == tenants.home, *_matching(paging.q)]
        after = paging.after(str)
        page = [] if after is None else [_follows(after)]
        order = (func.length(ExtensionRow.number), ExtensionRow.number)
        async with store.session(tenants) as session:
            total = await session.scalar(select(func.count(ExtensionRow.id)).where(*wanted))
            found = await session.scalars(
                select(ExtensionRow).where(*wanted, *page).order_by(*order).limit(paging.limit + 1)
            )
            rows = [row.value() for row in found]
        return page_of(rows, paging, lambda extension: extension.number, total or 0)

    @post(summary="Create an extension")
    async def create_extension(
        self,
        data: JSONBody[NewExtension],
        settings: Given[Settings],
        store: Given[Store],
        box: Given[Box],
        link: Given[LinkClient],
        tenants: Given[Scope],
        signed_in: Given[SignedIn],
    ) -> Response[NewSecret]:
        """Answer it with the secret of its phones."""
        reserved = settings.calls.emergency_numbers
        async with store.change(tenants, signed_in.username, "Create an extension") as change:
            number = data.number or await next_number(change.session, tenants.home, reserved)
            if number is None:
                raise ConflictError("Every number of the extensions' range is taken.")
            draft = Draft(**msgspec.structs.asdict(data) | {"number": number})
            created = await edit.create(change, box, draft, reserved)
            change.title = f"Create extension {number}"
        return _told(created, change.id, await changes.publish(link, change), 201)

    @post("/bulk", summary="Create many extensions")
    async def create_extensions(
        self,
        data: JSONBody[NewExtensions],
        settings: Given[Settings],
        store: Given[Store],
        box: Given[Box],
        link: Given[LinkClient],
        tenants: Given[Scope],
        signed_in: Given[SignedIn],
    ) -> CreatedExtensions:
        """All or nothing; each gets a secret of its own. Emergency numbers among them are left out."""
        reserved = settings.calls.emergency_numbers
        numbers = rules.bulk_numbers(data.start, data.count, reserved)
        if not numbers:
            raise InvalidError(list(rules.bulk_problems(data.start, data.count, reserved)))
        shared = {name: getattr(data, name) for name in (*Options.__struct_fields__, "name")}
        drafts = [Draft(number=number, **shared) for number in numbers]
        title = f"Create extensions {numbers[0]} to {numbers[-1]}"
        async with store.change(tenants, signed_in.username, title) as change:
            created = await edit.create_many(change, box, drafts, reserved)
        items = [CreatedExtension(each.row.number, each.row.name, each.secret) for each in created]
        return CreatedExtensions(items, change.id, await changes.publish(link, change))

    @get("/{number:str}", summary="Read an extension")
    async def read_extension(
        self, store: Given[Store], tenants: Given[Scope], number: NumberPath
    ) -> Response[Extension]:
        """Answer it with its ETag, without secrets."""
        async with store.session(tenants) as session:
            row = await edit.get(session, tenants.home, number)
        return tagged(row.value())

    @patch("/{number:str}", summary="Change an extension")
    async def change_extension(
        self,
        data: JSONBody[ExtensionPatch],
        settings: Given[Settings],
        store: Given[Store],
        link: Given[LinkClient],
        tenants: Given[Scope],
        signed_in: Given[SignedIn],
        number: NumberPath,
        if_match: IfMatch = None,
    ) -> Response[ChangedExtension]:
        """Change the given fields, all or none."""
        async with store.change(tenants, signed_in.username, f"Change extension {number}") as change:
            row = await edit.get(change.session, tenants.home, number)
            require_match(if_match, row.value())
            row = await edit.update(change, number, data.given(), reserved=settings.calls.emergency_numbers)
        extension = row.value()
        told = ChangedExtension(
            **msgspec.structs.asdict(extension), change=change.id, published=await changes.publish(link, change)
        )
        return Response(told, headers={"ETag": etag_of(extension)})

    @delete("/{number:str}", summary="Delete an extension", status_code=200)
    async def delete_extension(
        self,
        store: Given[Store],
        link: Given[LinkClient],
        tenants: Given[Scope],
        signed_in: Given[SignedIn],
        number: NumberPath,
        end_calls: EndCalls = False,
        if_match: IfMatch = None,
    ) -> Deleted:
        """Its phones are refused from then on, and its calls go on unless ``end_calls`` is set.

        Undoing the change brings it back.
        """
        async with store.change(tenants, signed_in.username, f"Delete extension {number}") as change:
            row = await edit.get(change.session, tenants.home, number)
            require_match(if_match, row.value())
            endpoints = (phone_endpoint(row.owner, number), web_endpoint(row.owner, number))
            await edit.delete(change, number)
        published = await changes.publish(link, change)
        return Deleted(change.id, published, await commands.end_calls(link, endpoints) if end_calls else None)

    @post("/{number:str}/secret", summary="Make a new secret")
    async def replace_secret(
        self,
        store: Given[Store],
        box: Given[Box],
        link: Given[LinkClient],
        tenants: Given[Scope],
        signed_in: Given[SignedIn],
        number: NumberPath,
    ) -> Response[NewSecret]:
        """Answer the new secret once; the old one is refused as soon as this is in force."""
        async with store.change(tenants, signed_in.username, f"New secret for extension {number}") as change:
            created = await edit.replace_secret(change, box, number)
        return _told(created, change.id, await changes.publish(link, change), 201)

    @post("/{number:str}/softphone", summary="Get what a browser phone needs", status_code=200)
    async def softphone(
        self,
        request: Request[Any, Any, Any],
        settings: Given[Settings],
        store: Given[Store],
        box: Given[Box],
        tenants: Given[Scope],
        number: NumberPath,
    ) -> Response[Softphone]:
        """Refused with 409 when the extension has no browser phone."""
        async with store.session(tenants) as session:
            row = await edit.get(session, tenants.home, number)
        if not row.web_phone:
            detail = f"Extension {number} has no browser phone. Turn web_phone on first."
            raise ConflictError(detail, [FieldError("web_phone", "not_allowed", detail)])
        endpoint = web_endpoint(row.owner, number)
        host = request.base_url.hostname or "localhost"
        host = f"[{host}]" if ":" in host else host
        told = Softphone(
            uri=f"sip:{endpoint}@{settings.sip.realm}",
            endpoint=endpoint,
            username=endpoint,
            secret=box.open(row.web_secret),
            realm=settings.sip.realm,
            display_name=row.name or number,
            ws_url=f"ws://localhost:{settings.sip.ws_port}/ws",
            wss_url=f"wss://{host}:{settings.sip.wss_port}/ws",
        )
        return Response(told, headers={"Cache-Control": "no-store"})


class RangesPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which ranges to move; the rest stays."""

    extensions: NumberRange | UnsetType = UNSET
    conferences: NumberRange | UnsetType = UNSET
    queues: NumberRange | UnsetType = UNSET
    departments: NumberRange | UnsetType = UNSET
    paging: NumberRange | UnsetType = UNSET
    ivrs: NumberRange | UnsetType = UNSET
    disa: NumberRange | UnsetType = UNSET
    parking: NumberRange | UnsetType = UNSET

    def given(self) -> dict[RangeName, NumberRange]:
        """The ranges that were sent."""
        return {name: kept for name in RangeName if (kept := getattr(self, name)) is not UNSET}


class MovedRanges(msgspec.Struct, frozen=True):
    """Every range after some were moved."""

    ranges: dict[RangeName, NumberRange]
    change: int
    published: bool


class NumberRangeController(Controller):
    """Which numbers are kept for what; numbers outside every range are free for extensions."""

    path = "/number-ranges"
    tags = ("Extensions",)

    @get(summary="Read the number ranges")
    async def read_ranges(self, store: Given[Store], tenants: Given[Scope]) -> Response[dict[RangeName, NumberRange]]:
        """Answer all of them with one ETag."""
        async with store.session(tenants) as session:
            return tagged(await ranges_of(session, tenants.home))

    @patch(summary="Move number ranges")
    async def change_ranges(
        self,
        data: JSONBody[RangesPatch],
        store: Given[Store],
        link: Given[LinkClient],
        tenants: Given[Scope],
        signed_in: Given[SignedIn],
        if_match: IfMatch = None,
    ) -> Response[MovedRanges]:
        """Move the given ones, all or none; refused when ranges would overlap or hold an extension's number."""
        moved = data.given()
        title = f"Move number ranges: {', '.join(moved)}"
        async with store.change(tenants, signed_in.username, title) as change:
            require_match(if_match, await ranges_of(change.session, tenants.home))
            ranges = await move_ranges(change, moved)
        told = MovedRanges(ranges, change.id, await changes.publish(link, change))
        return Response(told, headers={"ETag": etag_of(ranges)})


def _told(created: Created, change: int, published: bool, status_code: int) -> Response[NewSecret]:
    extension = created.row.value()
    told = NewSecret(**msgspec.structs.asdict(extension), secret=created.secret, change=change, published=published)
    headers = {"ETag": etag_of(extension), "Cache-Control": "no-store"}
    return Response(told, status_code=status_code, headers=headers)


def _matching(q: str) -> list[ColumnElement[bool]]:
    if not q:
        return []
    texts = (ExtensionRow.name, ExtensionRow.email)
    return [
        or_(ExtensionRow.number.startswith(q, autoescape=True), *(text.icontains(q, autoescape=True) for text in texts))
    ]


def _follows(number: str) -> ColumnElement[bool]:
    length = func.length(ExtensionRow.number)
    return or_(length > len(number), (length == len(number)) & (ExtensionRow.number > number))
