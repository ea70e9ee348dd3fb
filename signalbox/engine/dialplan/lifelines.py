"""What the dialplan gives a call that no script decides, beside its own extensions: emergency numbers and DIDs.

Which trunks and numbers there are is decided elsewhere; the text around them is in lifeline.conf.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_TRUNK = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_EMERGENCY = re.compile(r"[0-9]{2,11}", re.ASCII)
_DID = re.compile(r"\+?[0-9]{2,31}", re.ASCII)
_EXTENSION = re.compile(r"[0-9]{2,11}", re.ASCII)

LAST_TRUNK_S = 120
"""How long the last trunk may ring: after it there is only an announcement."""


@dataclass(frozen=True, slots=True)
class Lifeline:
    """The lifeline of one tenant. Raises ``ValueError`` for anything that is not fit for a dialplan.

    ``trunks`` are endpoint ids, first choice first; ``dids`` leads from a DID to the extension that rings for it,
    both as they are dialled; ``emergency`` numbers leave by every trunk in turn.
    """

    trunks: tuple[str, ...] = ()
    dids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    emergency: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checks = (
            (_TRUNK, self.trunks),
            (_DID, self.dids),
            (_EXTENSION, self.dids.values()),
            (_EMERGENCY, self.emergency),
        )
        for pattern, texts in checks:
            for text in texts:
                if not pattern.fullmatch(text):
                    raise ValueError(f"not fit for a dialplan: {text!r}")

    @property
    def has_outside(self) -> bool:
        """Whether calls come in from outside."""
        return bool(self.trunks or self.dids)


def emergency(lifeline: Lifeline, trunk_s: int) -> str:
    """Dial each emergency number by every trunk in turn: any end of a dial but an answer goes on to the next.

    A carrier that says 404 or 486 for 112 is no reason to give up. Only the last trunk may ring for long.
    """
    lines: list[str] = []
    for number in lifeline.emergency:
        lines += ["", f'exten => {number},1,GotoIf($["${{DIALSTATUS}}" = "ANSWER"]?sb-next,release-ANSWER,1)']
        lines += [
            f" same => n,Dial(PJSIP/{number}@{trunk},{LAST_TRUNK_S if is_last else trunk_s})"
            for trunk, is_last in _with_last(lifeline.trunks)
        ]
        lines.append(f" same => n,Goto(sb-no-trunk,{'all-failed' if lifeline.trunks else 'none'},1)")
    return "\n".join(lines) + "\n"


def dids(lifeline: Lifeline, tenant_context: str) -> str:
    """Ring the fallback extension of each DID, as the tenant's own phones would reach it."""
    lines: list[str] = []
    for did, extension in lifeline.dids.items():
        lines += [
            "",
            f'exten => {did},1,GotoIf($["${{SB_NEXT}}" = "end"]?sb-next,release-${{DIALSTATUS}},1)',
            f" same => n,Set(SB_CONTEXT={tenant_context})",
            f" same => n,Goto(sb-fallback,{extension},1)",
        ]
    return "\n".join(lines) + "\n"


def _with_last(trunks: tuple[str, ...]) -> list[tuple[str, bool]]:
    return [(trunk, index == len(trunks)) for index, trunk in enumerate(trunks, 1)]
