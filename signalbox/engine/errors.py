"""What can go wrong between us and Asterisk, as families with stable meanings; codes for people come at the edge."""


class EngineError(Exception):
    """Any failure of the component that carries the calls."""


class EngineUnavailableError(EngineError):
    """There is no link to Asterisk, it was lost, or no answer came in time; nothing is known of the effect."""


class EngineRejectedError(EngineError):
    """Asterisk understood and refused; the message is its own."""


class EngineLostError(EngineUnavailableError):
    """An AGI session ended without a hang-up: Asterisk died or closed the socket."""


class HungUpError(EngineError):
    """The channel left the script: hung up, or taken away by a redirect, which AGI reports alike."""


class ProtocolError(EngineError):
    """The bytes do not follow the protocol; the link must be dropped and rebuilt. Never leaves ``engine``."""


class UnsafeFieldError(EngineError, ValueError):
    """A field cannot be sent as one line: it holds CR, LF or NUL, or is too long for Asterisk's buffer."""
