"""Asterisk's dialplan: hand-written text with few substitutions, one context for each tenant.

The reasons are in the text itself and in docs/design/call-flow.md. What decides a call is a script, not this.
"""

from collections.abc import Mapping, Sequence
from importlib.resources import files

from signalbox.engine.dialplan import lifelines as lines
from signalbox.engine.dialplan.lifelines import Lifeline
from signalbox.kernel.ids import FIRST_TENANT, TenantId
from signalbox.settings import Settings

__all__ = ["CONTACT", "Lifeline", "context", "fallback_contexts", "outside_context", "prefix", "render", "tenant_of"]

CONTACT = "[]A-Za-z0-9_.!~*'%=+?/:@[\\;-]"
"""What a registered contact may consist of: no comma, parenthesis, quote or ampersand, which mean something to Dial."""


def context(tenant: TenantId) -> str:
    """Name the context in which a tenant's phones call."""
    return f"tenant-{tenant}"


def outside_context(tenant: TenantId) -> str:
    """Name the context in which calls come in by a tenant's trunks."""
    return f"from-trunk-{tenant}"


def tenant_of(context_name: str) -> TenantId:
    """Tell whose context it is; those of no tenant are taken for the first one's."""
    number = context_name.removeprefix("from-trunk-").removeprefix("tenant-")
    return TenantId(int(number)) if number.isdecimal() else FIRST_TENANT


def prefix(tenant: TenantId) -> str:
    """Give what every endpoint id of a tenant begins with; empty for the first one."""
    return "" if tenant == FIRST_TENANT else f"t{tenant}-"


def fallback_contexts(tenant: TenantId, lifeline: Lifeline) -> list[str]:
    """Name the contexts in which this tenant's calls may end when no script decides, but for the common ones."""
    own = [context(tenant), *([outside_context(tenant)] if lifeline.has_outside else [])]
    return [f"sb-lost-{name}" for name in own]


def render(
    settings: Settings,
    tenants: Sequence[TenantId] = (FIRST_TENANT,),
    lifelines: Mapping[TenantId, Lifeline] | None = None,
) -> str:
    """Make ``extensions.conf``; a tenant without a lifeline has the emergency numbers of the settings and no trunk."""
    ordinary = Lifeline(emergency=settings.calls.emergency_numbers)
    of_tenant = {tenant: (lifelines or {}).get(tenant, ordinary) for tenant in tenants}
    numbers = sorted({number for lifeline in of_tenant.values() for number in lifeline.emergency})
    common = {
        "think_s": f"{settings.engine.think_s:g}",
        "agi_port": str(settings.engine.agi_port),
        "ring_s": str(settings.calls.ring_s),
        "timezone": settings.calls.timezone,
        "contact": CONTACT,
        "emergency": "|".join(numbers),
    }
    parts = [_filled("common.conf", common)]
    for tenant, lifeline in of_tenant.items():
        parts += _tenant(tenant, lifeline, common, settings.calls.emergency_trunk_s)
    return "".join(parts)


def _tenant(tenant: TenantId, lifeline: Lifeline, common: dict[str, str], trunk_s: int) -> list[str]:
    values = common | {"tenant": str(tenant), "prefix": prefix(tenant)}
    own = values | {"context": context(tenant), "from": "its own phones"}
    parts = [_filled(name, own) for name in ("tenant.conf", "hints.conf", "lifeline.conf")]
    parts.append(lines.emergency(lifeline, trunk_s))
    if lifeline.has_outside:
        outside = values | {"context": outside_context(tenant), "from": "its trunks"}
        parts += [_filled("tenant.conf", outside), _filled("outside.conf", outside)]
        parts.append(lines.dids(lifeline, context(tenant)))
    return parts


def _filled(name: str, values: dict[str, str]) -> str:
    text = files(__package__).joinpath(name).read_text("utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
