"""The values of an IN. Statements are compiled once, so it has as many as it will ever have."""

from collections.abc import Collection, Iterator, Sequence
from itertools import repeat
from typing import Any

from sqlalchemy import BindParameter, bindparam


class FixedList:
    """Up to `size` values, for the parameters `NAME0`, `NAME1`, …"""

    def __init__(self, name: str, size: int) -> None:
        self.size = size
        self._names = tuple(f"{name}{place}" for place in range(size))

    @property
    def parameters(self) -> list[BindParameter[Any]]:
        return [bindparam(each) for each in self._names]

    def filled(self, values: Collection[str]) -> dict[str, str]:
        """Gives each parameter a value; those that are left over repeat the first one."""
        if not 0 < len(values) <= self.size:
            raise ValueError(f"{len(values)} values for {self.size} places")
        padded = (*values, *repeat(next(iter(values)), self.size - len(values)))
        return dict(zip(self._names, padded, strict=True))

    def slices(self, values: Sequence[str]) -> Iterator[dict[str, str]]:
        """Fills the list once for each `size` values, in their order."""
        for start in range(0, len(values), self.size):
            yield self.filled(values[start : start + self.size])
