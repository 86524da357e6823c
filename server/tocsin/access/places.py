"""Shares the places of a listener: an address has so many, and who waits makes room for others."""

import threading
from collections import Counter
from collections.abc import Callable

from tocsin.access.networks import net_of


class Place:
    """Holds one connection's place; a busy connection keeps it."""

    __slots__ = ("busy", "hang_up", "net")

    def __init__(self, net: str, hang_up: Callable[[], None]) -> None:
        self.net = net
        self.hang_up = hang_up
        self.busy = False


class Places:
    """Gives places to connections; any thread may ask.

    If no place is left, a connection that is not busy makes room: the oldest one of the address
    that has most. So silent clients keep nobody out, nor do many clients of one address.
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
                leaving = self._oldest_of_the_most()
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
        return next((each for each in self._taken if each.net == net and not each.busy), None)

    def _oldest_of_the_most(self) -> Place | None:
        waiting = (each for each in self._taken if not each.busy)
        # Of equals, max() returns the first.
        return max(waiting, key=lambda each: self._of_net[each.net], default=None)

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
