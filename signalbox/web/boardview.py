"""The board as the web process knows it: the exchange's last snapshot with every delta since folded in.

One subscription serves every console of this process: fifty that reconnect at once cost the exchange one snapshot. A
message is encoded once for each audience, the consoles that may see the same tenants.
"""

from collections import deque
from dataclasses import dataclass, field

import msgspec

from signalbox.kernel.clock import Clock
from signalbox.live.model import CallView, Delta, EngineView, Line, Snapshot

KEPT_DELTAS = 2000
"""How far back a console may resume; at one delta each 25 ms, 50 s."""

KEPT_BYTES = 4 * 1024 * 1024

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Delta).decode


class OutOfStepError(Exception):
    """A delta does not follow what is known; only a fresh snapshot helps."""


@dataclass(frozen=True)
class Audience:
    """Who may see what: the tenants of a scope, or all of them with ``None``."""

    tenants: frozenset[int] | None = None

    def sees(self, tenant: int) -> bool:
        """Tell whether rows of ``tenant`` are shown."""
        return self.tenants is None or tenant in self.tenants


@dataclass(frozen=True, slots=True)
class _Kept:
    delta: Delta
    raw: str
    gone_calls: dict[str, int]  # the tenants of the calls that are gone, which the delta does not tell
    texts: dict[Audience, str] = field(default_factory=dict)

    def text(self, audience: Audience) -> str:
        if audience.tenants is None:
            return self.raw
        if audience not in self.texts:
            self.texts[audience] = _encode(self._limited(audience)).decode()
        return self.texts[audience]

    def _limited(self, audience: Audience) -> Delta:
        delta = self.delta
        return msgspec.structs.replace(
            delta,
            lines=tuple(line for line in delta.lines if audience.sees(line.tenant)),
            lines_gone=tuple(key for key in delta.lines_gone if audience.sees(_tenant_of(key))),
            calls=tuple(call for call in delta.calls if audience.sees(call.tenant)),
            calls_gone=tuple(key for key in delta.calls_gone if audience.sees(self.gone_calls.get(key, 0))),
        )


class BoardView:
    """Fold deltas into a snapshot and hand out either."""

    def __init__(self, snapshot: Snapshot, clock: Clock) -> None:
        self._clock = clock
        self.epoch = snapshot.epoch
        self.seq = snapshot.seq
        self.engine = snapshot.engine
        self._lines = {f"{line.tenant}/{line.extension}": line for line in snapshot.lines}
        self._calls = {call.call_id: call for call in snapshot.calls}
        self._kept: deque[_Kept] = deque()
        self._kept_bytes = 0
        self._snapshots: dict[Audience, str] = {}

    @classmethod
    def unknown(cls, clock: Clock) -> "BoardView":
        """The board before the exchange was ever reached: empty, and the engine not up."""
        at_ms = int(clock.now().timestamp() * 1000)
        engine = EngineView(problem="the exchange is not running")
        return cls(Snapshot(epoch="", seq=0, at_ms=at_ms, engine=engine, lines=(), calls=()), clock)

    def lost(self, problem: str) -> None:
        """Note that the exchange is away: what is shown from now on is the past, and says so."""
        self.engine = msgspec.structs.replace(self.engine, up=False, problem=problem)
        self._snapshots.clear()

    def fold(self, raw: bytes) -> bool:
        """Take the next delta as the exchange sent it; false when it was known already. Raises ``OutOfStepError``."""
        delta = _decode(raw)
        if delta.epoch == self.epoch and delta.seq <= self.seq:
            return False
        if delta.epoch != self.epoch or delta.seq != self.seq + 1:
            raise OutOfStepError
        calls = self._calls | {call.call_id: call for call in delta.calls} if delta.calls_gone else {}
        gone = {key: calls[key].tenant for key in delta.calls_gone if key in calls}
        self._apply(delta)
        self._keep(_Kept(delta, raw.decode(), gone))
        self._snapshots.clear()
        return True

    def tenant_of_call(self, call_id: str) -> int | None:
        """Whose call in progress it is; ``None`` when there is none."""
        call = self._calls.get(call_id)
        return None if call is None else call.tenant

    def latest(self, audience: Audience) -> str:
        """The last delta folded, as JSON for ``audience``."""
        return self._kept[-1].text(audience)

    def since(self, epoch: str, seq: int, audience: Audience) -> list[str] | None:
        """The deltas after ``seq``; ``None`` when they are not all here and a snapshot is needed."""
        if epoch != self.epoch or not self.seq - len(self._kept) <= seq <= self.seq:
            return None
        missing = self.seq - seq
        return [kept.text(audience) for kept in list(self._kept)[len(self._kept) - missing :]]

    def snapshot(self, audience: Audience) -> str:
        """Everything now, as JSON for ``audience``; encoded once between two deltas."""
        if audience not in self._snapshots:
            self._snapshots[audience] = _encode(self._snapshot(audience)).decode()
        return self._snapshots[audience]

    def _snapshot(self, audience: Audience) -> Snapshot:
        return Snapshot(
            epoch=self.epoch,
            seq=self.seq,
            at_ms=int(self._clock.now().timestamp() * 1000),
            engine=self.engine,
            lines=tuple(line for line in self._lines.values() if audience.sees(line.tenant)),
            calls=tuple(call for call in self._calls.values() if audience.sees(call.tenant)),
        )

    def _apply(self, delta: Delta) -> None:
        for line in delta.lines:
            self._lines[f"{line.tenant}/{line.extension}"] = line
        for call in delta.calls:
            self._calls[call.call_id] = call
        _drop(self._lines, delta.lines_gone)
        _drop(self._calls, delta.calls_gone)
        self.engine = delta.engine or self.engine
        self.seq = delta.seq

    def _keep(self, kept: _Kept) -> None:
        self._kept.append(kept)
        self._kept_bytes += len(kept.raw)
        while len(self._kept) > KEPT_DELTAS or (self._kept_bytes > KEPT_BYTES and len(self._kept) > 1):
            self._kept_bytes -= len(self._kept.popleft().raw)


def _drop(known: dict[str, Line] | dict[str, CallView], keys: tuple[str, ...]) -> None:
    for key in keys:
        known.pop(key, None)


def _tenant_of(key: str) -> int:
    tenant, _, _ = key.partition("/")
    return int(tenant) if tenant.isdigit() else 0
