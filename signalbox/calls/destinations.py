"""Everything that a call can be sent to, as one idea. A feature registers its kind once and every other may use it."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from signalbox.calls.call import Call
from signalbox.calls.routing import Published, Routing
from signalbox.kernel.ids import EndpointId, Number, TenantId
from signalbox.settings import Calls


@dataclass(frozen=True, slots=True)
class Destination:
    """A place by its published number, within the tenant of the call."""

    number: Number


@dataclass(frozen=True, slots=True)
class Context:
    """What every script may read."""

    routing: Routing
    settings: Calls


Value = TypeVar("Value")


def _nothing(_value: Any) -> tuple[Any, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Kind(Generic[Value]):
    """One kind of destination.

    ``run`` is its call script: it returns where the call goes next, or None when it has dealt with the caller.
    ``references`` names what it may send a call on to. ``lifeline`` names the endpoints that the generated dialplan
    rings for it when no script decides. Neither may do I/O.
    """

    name: str
    label: str
    value: type[Value]
    run: Callable[[Call, Value, Context], Awaitable[Destination | None]]
    describe: Callable[[Value], str]
    references: Callable[[Value], tuple[Destination, ...]] = _nothing
    lifeline: Callable[[Value], tuple[EndpointId, ...]] = _nothing


@dataclass(frozen=True, slots=True)
class Reach:
    """A number from which calls can come, and the way they take, the number itself first."""

    number: Number
    kind: str
    way: tuple[Number, ...]


class Kinds:
    """The kinds of one process. Values are decoded here, so that a script sees only its own type."""

    def __init__(self, kinds: Iterable[Kind[Any]]) -> None:
        self._by_name: dict[str, tuple[Kind[Any], msgspec.json.Decoder[Any]]] = {}
        for kind in kinds:
            if kind.name in self._by_name:
                raise ValueError(f"two destination kinds are named {kind.name}")
            self._by_name[kind.name] = kind, msgspec.json.Decoder(kind.value)

    def open(self, published: Published) -> tuple[Kind[Any], Any]:
        """Give the kind and its decoded value; ``KeyError`` or ``msgspec.DecodeError`` when published wrongly."""
        kind, decoder = self._by_name[published.kind]
        return kind, decoder.decode(published.value)

    def what_reaches(self, routing: Routing, tenant: TenantId, target: Number) -> list[Reach]:
        """List every number that leads to ``target``, directly or through others, nearest first."""
        sources: dict[Number, list[tuple[Number, str]]] = {}
        for number, published in routing.all(tenant):
            kind, value = self.open(published)
            for destination in kind.references(value):
                sources.setdefault(destination.number, []).append((number, kind.label))
        found: dict[Number, Reach] = {}
        edge = [Reach(target, "", (target,))]
        while edge:
            edge = [
                Reach(number, label, (number, *reach.way))
                for reach in edge
                for number, label in sources.get(reach.number, ())
                if number not in found and number != target
            ]
            for reach in edge:
                found.setdefault(reach.number, reach)
        return list(found.values())
