"""Types for fields that people type in. What they refuse, no feature need think of."""

from typing import Annotated

from msgspec import Meta

LineOfText = Annotated[str, Meta(max_length=200, pattern="^[^\\x00-\\x1f\\x7f\\u2028\\u2029]*$")]
"""One line without control characters: names, descriptions."""

Name = Annotated[str, Meta(min_length=1, max_length=80, pattern="^[^\\x00-\\x1f\\x7f\\u2028\\u2029]*$")]
"""A name that must not be empty."""
