"""Collects the addresses of this server, any of which a JWT may name as its audience."""

from tocsin.access.exposure import is_loopback

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class Reached:
    """Collects addresses as the listeners start, because the system may choose their ports.

    The address that a client claims to have dialled does not count: a thief of a JWT for another
    server would claim a fitting one.
    """

    def __init__(self) -> None:
        self._addresses: set[str] = set()

    def at(self, host: str, port: int) -> None:
        """Adds the address of a listener, or one that clients are told; loopback has 3 names."""
        bare = host.strip("[]")
        if is_loopback(bare) or bare in ("0.0.0.0", "::", "*"):  # noqa: S104 (compared, not bound)
            self._addresses |= {f"{name}:{port}" for name in LOOPBACK}
        if not is_loopback(bare):
            self._addresses.add(f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}")

    def addresses(self) -> frozenset[str]:
        return frozenset(self._addresses)
