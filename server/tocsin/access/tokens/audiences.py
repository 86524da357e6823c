"""Under which addresses this server is reached: a JWT may be meant for any of them."""

from tocsin.access.exposure import is_loopback

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class Reached:
    """Grows as the listeners start, since a port may be chosen by the system.

    What a client says that it dialled is not looked at: who steals a JWT that is meant for another
    server would say what fits.
    """

    def __init__(self) -> None:
        self._addresses: set[str] = set()

    def at(self, host: str, port: int) -> None:
        """Adds a listener, or an address that clients are told; loopback has several names."""
        bare = host.strip("[]")
        if is_loopback(bare) or bare in ("0.0.0.0", "::", "*"):  # noqa: S104 (is compared with)
            self._addresses |= {f"{name}:{port}" for name in LOOPBACK}
        if not is_loopback(bare):
            self._addresses.add(f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}")

    def addresses(self) -> frozenset[str]:
        return frozenset(self._addresses)
