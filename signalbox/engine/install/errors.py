"""What can go wrong while Asterisk is installed, each with a stable code and its cure."""

from enum import StrEnum

from signalbox.kernel.operator import OperatorError


class InstallCode(StrEnum):
    """Stable names of installation failures."""

    NO_APT = "engine_no_apt"
    NO_MIRROR = "engine_no_mirror"
    UNREACHABLE = "engine_mirror_unreachable"
    SIGNATURE = "engine_signature"
    DISK_FULL = "engine_disk_full"
    NOT_PERMITTED = "engine_not_permitted"
    VERSION = "engine_version_unsupported"
    PACKAGES = "engine_packages"
    PROBE = "engine_probe_failed"
    BUSY = "engine_install_busy"
    NOTHING_TO_ROLL_BACK = "engine_no_previous"


class InstallError(OperatorError):
    """An installation step failed; nothing that worked before was changed."""

    def __init__(self, code: InstallCode, problem: str, cure: str) -> None:
        super().__init__(problem, cure)
        self.code = code
