"""How the file descriptors of a server are shared out."""

from tocsin.descriptors import MOST, Shares, share_out


def test_enough_descriptors_give_what_is_wanted() -> None:
    assert share_out(20_000, deliveries=1000, connections=10_000) == Shares(1000, 10_000, 10_000)
    assert share_out(MOST, deliveries=1000, connections=10_000) == Shares(1000, 10_000, 10_000)


def test_few_descriptors_are_shared() -> None:
    shares = share_out(1024, deliveries=1000, connections=10_000)
    assert shares == Shares(192, 384, 768)


def test_however_few_there_are_something_is_possible() -> None:
    shares = share_out(64, deliveries=1000, connections=10_000)
    assert min(shares.deliveries, shares.connections, shares.envoy_connections) >= 1
