"""Gives an IN a fixed number of parameters, because statements are compiled once."""

from collections.abc import Collection, Iterator, Sequence
from itertools import repeat
from typing import Any

from sqlalchemy import BindParameter, bindparam


class FixedList:
    """Binds up to `size` values to the parameters `NAME0`, `NAME1`, …"""

    def __init__(self, name: str, size: int) -> None:
        self.size = size
        self._names = tuple(f"{name}{index}" for index in range(size))

    @property
    def parameters(self) -> list[BindParameter[Any]]:
        return [bindparam(name) for name in self._names]

    def filled(self, values: Collection[str]) -> dict[str, str]:
        """Returns a value for each parameter; the first value fills the parameters left over."""
        if not 0 < len(values) <= self.size:
            raise ValueError(f"{len(values)} values, must be 1 to {self.size}")
        padded = (*values, *repeat(next(iter(values)), self.size - len(values)))
        return dict(zip(self._names, padded, strict=True))

    def slices(self, values: Sequence[str]) -> Iterator[dict[str, str]]:
        """Yields the filled parameters for each `size` values in turn."""
        for start in range(0, len(values), self.size):
            yield self.filled(values[start : start + self.size])
