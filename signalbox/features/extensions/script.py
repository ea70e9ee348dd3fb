"""The call script of an extension: ring its phones, and tell the caller how it went."""

from signalbox.calls.call import Call
from signalbox.calls.destinations import Context, Destination, Kind
from signalbox.calls.outcome import CAUSE_OF, DialResult, HangupCause
from signalbox.features.extensions.model import ExtensionRoute


async def ring_extension(call: Call, route: ExtensionRoute, _context: Context) -> Destination | None:
    """Ring every phone of the extension for its ring time (PBX-GEN-09); what nobody answers ends with its cause."""
    if call.caller.endpoint in route.endpoints:
        await call.hang_up(HangupCause.USER_BUSY, rule="an extension that calls itself is busy")
        return None
    outcome = await call.dial(route.endpoints, ring_s=route.ring_s, rule="ring time of the extension")
    if outcome.result is not DialResult.ANSWERED:
        await call.hang_up(CAUSE_OF[outcome.result], rule="nothing else is to be tried")
    return None


def _describe(route: ExtensionRoute) -> str:
    return f"extension {route.number} {route.name}".rstrip()


EXTENSION = Kind(
    "extension", "Extension", ExtensionRoute, ring_extension, _describe, lifeline=lambda route: route.endpoints
)
