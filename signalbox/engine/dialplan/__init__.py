"""Asterisk's dialplan: hand-written text with few substitutions, one context for each tenant.

The reasons are in the text itself and in docs/design/call-flow.md. What decides a call is a script, not this.
"""

from collections.abc import Sequence
from importlib.resources import files

from signalbox.kernel.ids import FIRST_TENANT, TenantId
from signalbox.settings import Settings

CONTACT = "[]A-Za-z0-9_.!~*'%=+?/:@[\\;-]"
"""What a registered contact may consist of: no comma, parenthesis, quote or ampersand, which mean something to Dial."""


def context(tenant: TenantId) -> str:
    """Name the context in which a tenant's phones call."""
    return f"tenant-{tenant}"


def prefix(tenant: TenantId) -> str:
    """Give what every endpoint id of a tenant begins with; empty for the first one."""
    return "" if tenant == FIRST_TENANT else f"t{tenant}-"


def render(settings: Settings, tenants: Sequence[TenantId] = (FIRST_TENANT,)) -> str:
    """Make ``extensions.conf``."""
    common = {
        "think_s": f"{settings.engine.think_s:g}",
        "agi_port": str(settings.engine.agi_port),
        "ring_s": str(settings.calls.ring_s),
        "timezone": settings.calls.timezone,
        "contact": CONTACT,
    }
    parts = [_filled("common.conf", common)]
    for tenant in tenants:
        own = {"tenant": str(tenant), "context": context(tenant), "prefix": prefix(tenant)}
        parts.append(_filled("tenant.conf", common | own))
    return "".join(parts)


def _filled(name: str, values: dict[str, str]) -> str:
    text = files(__package__).joinpath(name).read_text("utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
