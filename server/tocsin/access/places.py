"""Shares the places of a listener: an address has so many, and who waits makes room for others."""

import threading
from collections import Counter
from collections.abc import Callable
from enum import Enum, auto

from tocsin.access.networks import net_of


class Keeps(Enum):
    """Says against whom a connection keeps its place."""

    NOBODY = auto()
    EQUALS = auto()
    """It makes room for an address that even then has no more places than its own."""
    ALL = auto()


class Place:
    """Holds one connection's place."""

    __slots__ = ("hang_up", "keeps", "net")

    def __init__(self, net: str, hang_up: Callable[[], None]) -> None:
        self.net = net
        self.hang_up = hang_up
        self.keeps = Keeps.NOBODY


class Places:
    """Gives places to connections; any thread may ask.

    If no place is left, a connection that keeps its place against nobody makes room: the oldest one
    of the address that has most, and not fewer than that of the newcomer. If there is none, one
    that keeps it against equals does. So silent clients keep nobody out, nor do many clients of one
    address.
    """

    def __init__(self, most: int, most_of_address: int, *, shifting: bool = False) -> None:
        """Sets how many connections there may be.

        Args:
            most: all connections together.
            most_of_address: those of one IPv4 address, or of one /64 of IPv6.
            shifting: whether a connection of an address that has as many as it may takes the place
                of an older one of the same address; otherwise it gets no place.
        """
        self._most = most
        self._most_of_address = min(most_of_address, most)
        self._shifting = shifting
        self._taken: dict[Place, None] = {}
        self._of_net: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, address: str, hang_up: Callable[[], None]) -> Place | None:
        """Returns a place, or None if the connection can't have one.

        Args:
            address: the IP address of the client.
            hang_up: ends the connection, if its place is given to another one.
        """
        place = Place(net_of(address), hang_up)
        leaving: Place | None = None
        with self._lock:
            if self._of_net[place.net] >= self._most_of_address:
                leaving = self._oldest_of(place.net) if self._shifting else None
            elif len(self._taken) >= self._most:
                leaving = self._oldest_of_the_most(self._of_net[place.net])
            else:
                self._add(place)
                return place
            if leaving is None:
                return None
            self._remove(leaving)
            self._add(place)
        leaving.hang_up()
        return place

    def free(self, place: Place) -> None:
        """Takes a place back, unless it was given to another connection before."""
        with self._lock:
            self._remove(place)

    def _oldest_of(self, net: str) -> Place | None:
        return next(
            (each for each in self._taken if each.net == net and each.keeps is Keeps.NOBODY), None
        )

    def _oldest_of_the_most(self, places_of_newcomer: int) -> Place | None:
        # Many clients of one address can't drive out the only one of another.
        idle = self._kept_against(Keeps.NOBODY, places_of_newcomer)
        # The newcomer's address has one more then, and the other address one less.
        leaving = idle or self._kept_against(Keeps.EQUALS, places_of_newcomer + 2)
        # Of equals, max() returns the first.
        return max(leaving, key=lambda each: self._of_net[each.net], default=None)

    def _kept_against(self, keeps: Keeps, least: int) -> list[Place]:
        """Returns the places of addresses that have at least so many."""
        return [
            each for each in self._taken if each.keeps is keeps and self._of_net[each.net] >= least
        ]

    def _add(self, place: Place) -> None:
        self._taken[place] = None
        self._of_net[place.net] += 1

    def _remove(self, place: Place) -> None:
        if place not in self._taken:
            return
        del self._taken[place]
        self._of_net[place.net] -= 1
        if not self._of_net[place.net]:
            del self._of_net[place.net]
