"""The error that the machine's operator must mend, told in one message instead of a traceback."""

import errno


class OperatorError(Exception):
    """Something outside the program is wrong: ``problem`` names it, ``cure`` says what to do about it."""

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(f"{problem}\n  What to do: {cure}")
        self.problem = problem
        self.cure = cure


def explained(error: OSError, what: str) -> OperatorError:
    """Turn a refusal of the operating system met while doing ``what`` into a problem with its cure."""
    where = f" ({error.filename})" if error.filename else ""
    problem = f"{what}: {error.strerror or error}{where}."
    return OperatorError(problem, _CURES.get(error.errno or 0, "see the message above and mend it, then start again"))


_CURES = {
    errno.ENOSPC: "the disk is full: free space on it, or move the data directory (--data) to another disk",
    errno.EDQUOT: "the disk quota is used up: free space, or move the data directory (--data) to another disk",
    errno.EACCES: "let the user who runs Signalbox own the data directory and everything in it",
    errno.EPERM: "let the user who runs Signalbox own the data directory and everything in it",
    errno.EROFS: "the file system is read-only: move the data directory (--data) to a writable disk",
    errno.ENOENT: "the file or its folder is missing: restore it, or start with another data directory (--data)",
    errno.EADDRINUSE: "another program uses that port: stop it, or set another port in signalbox.toml",
    errno.EADDRNOTAVAIL: "this machine has no such address: correct the bind address in signalbox.toml",
    errno.EMFILE: "too many open files: raise the limit of open files (ulimit -n) to 65536",
}
