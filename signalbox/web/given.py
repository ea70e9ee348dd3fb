"""How a handler asks for what the application holds: ``store: Given[Store]``. The argument's name is what counts."""

from typing import Annotated, TypeAlias, TypeVar

from litestar.di import Dependency

T = TypeVar("T")

Given: TypeAlias = Annotated[T, Dependency(kind="named")]
