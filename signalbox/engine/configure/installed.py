"""What the configuration must know of an installed Asterisk."""

from pathlib import Path
from typing import Protocol


class Installed(Protocol):
    """An Asterisk that can be run; ``signalbox.engine.install`` makes one."""

    @property
    def version(self) -> str: ...

    @property
    def modules(self) -> Path: ...

    @property
    def data(self) -> Path: ...
