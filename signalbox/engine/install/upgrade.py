"""Another version beside the running one: fetch and probe it, point to it. Draining is the supervisor's."""

from pathlib import Path

from signalbox.engine.install import installer, probe
from signalbox.engine.install.apt import Progress
from signalbox.engine.install.errors import InstallCode, InstallError
from signalbox.engine.install.installation import Installation


def fetch_newest(engine_root: Path, progress: Progress) -> Installation | None:
    """Fetch and probe what Debian carries now; nothing when that is what runs already."""
    with installer.exclusive(engine_root):
        running = installer.recorded(engine_root, installer.CURRENT)
        newest = installer.fetch(engine_root, progress)
        if running is not None and running.label == newest.label:
            return None
        probe.once(newest, engine_root / newest.label / probe.RECORD, progress)
        return newest


def switch_to(engine_root: Path, label: str) -> Installation:
    """Let ``label`` be the version that starts next, and remember the one before it."""
    with installer.exclusive(engine_root):
        before = installer.recorded(engine_root, installer.CURRENT)
        if before is not None and before.label != label:
            installer.point(engine_root, installer.PREVIOUS, before.label)
        installer.point(engine_root, installer.CURRENT, label)
        chosen = installer.recorded(engine_root, installer.CURRENT)
        assert chosen is not None, label
        return chosen


def previous(engine_root: Path) -> Installation:
    """Give the version before the current one; raises ``InstallError`` when none was replaced."""
    found = installer.recorded(engine_root, installer.PREVIOUS)
    if found is None:
        raise InstallError(
            InstallCode.NOTHING_TO_ROLL_BACK,
            "There is no earlier version of Asterisk to go back to.",
            "none was replaced by `signalbox engine upgrade` here; nothing needs to be done",
        )
    return found
