"""The tables of extensions and of the ranges that numbers come from."""

from typing import Any

import msgspec
from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from signalbox.features.extensions.model import Codec, DtmfMode, Extension
from signalbox.kernel.ids import TenantId
from signalbox.store.tables import SECRET, Configured
from signalbox.store.types import PlainJson

_OPTIONS = tuple(field.name for field in msgspec.structs.fields(Extension))


class ExtensionRow(Configured):
    """An extension. Both secrets are sealed by the installation's box: a copy of the database opens no phone."""

    __tablename__ = "extensions"
    __table_args__ = (UniqueConstraint("tenant", "number", name="uq_extensions_number"),)

    number: Mapped[str] = mapped_column(String(11))
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(String(254))
    ring_s: Mapped[int]
    max_contacts: Mapped[int]
    register_expiry_s: Mapped[int]
    web_phone: Mapped[bool]
    srtp: Mapped[bool]
    codecs: Mapped[list[str]] = mapped_column(PlainJson)
    dtmf_mode: Mapped[str] = mapped_column(String(10))
    nat: Mapped[bool]
    qualify_s: Mapped[int]
    permit_ip: Mapped[list[str]] = mapped_column(PlainJson)
    rtp_timeout_s: Mapped[int]
    music_on_hold: Mapped[str] = mapped_column(String(40))
    phone_secret: Mapped[str] = mapped_column(Text, info=SECRET)
    web_secret: Mapped[str] = mapped_column(Text, info=SECRET)

    def label(self) -> str:
        return f"extension {self.number}"

    @property
    def owner(self) -> TenantId:
        return TenantId(self.tenant)

    def value(self) -> Extension:
        """The row as a plain value, without its secrets."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in _OPTIONS}
        fields["codecs"] = tuple(Codec(codec) for codec in self.codecs)
        fields["permit_ip"] = tuple(self.permit_ip)
        fields["dtmf_mode"] = DtmfMode(self.dtmf_mode)
        return Extension(**fields)


class NumberRangeRow(Configured):
    """A range that differs from its default."""

    __tablename__ = "number_ranges"
    __table_args__ = (UniqueConstraint("tenant", "name", name="uq_number_ranges_name"),)

    name: Mapped[str] = mapped_column(String(40))
    first: Mapped[str] = mapped_column(String(11))
    last: Mapped[str] = mapped_column(String(11))

    def label(self) -> str:
        return f"number range {self.name}"
