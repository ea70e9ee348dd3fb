"""What a caller can hear: names of sounds that Asterisk has, with their words for rehearsals and ladders."""

from enum import StrEnum


class Prompt(StrEnum):
    """A recorded sentence; the value is the file's name below Asterisk's sounds, without language or format."""

    NOT_IN_SERVICE = "ss-noservice"
    CANNOT_COMPLETE = "cannot-complete-as-dialed"
    ALL_CIRCUITS_BUSY = "all-circuits-busy-now"
    ECHO_TEST = "demo-echotest"
    EXTENSION = "vm-extension"
    TIME_WILL_BE = "at-tone-time-exactly"
    BEEP = "beep"

    @property
    def words(self) -> str:
        """What is said, in English."""
        return _WORDS[self]


_WORDS = {
    Prompt.NOT_IN_SERVICE: "The number you have dialed is not in service. Please check the number and try again.",
    Prompt.CANNOT_COMPLETE: "Your call cannot be completed as dialed.",
    Prompt.ALL_CIRCUITS_BUSY: "All circuits are busy now.",
    Prompt.ECHO_TEST: "You are about to enter an echo test.",
    Prompt.EXTENSION: "Extension",
    Prompt.TIME_WILL_BE: "At the sound of the tone, the time will be exactly",
    Prompt.BEEP: "(beep)",
}
