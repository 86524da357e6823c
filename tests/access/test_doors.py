"""Where a client is told to call again."""

import pytest

from tocsin.access.doors import dialled

LOCAL = "192.0.2.1:8443"


@pytest.mark.parametrize(
    "authority", ["localhost:8443", "tocsin_1:9443", "a.b-c.example:1", "[2001:db8::1]:65535"]
)
def test_it_is_what_was_dialled(authority: str) -> None:
    assert dialled(authority, LOCAL) == authority


@pytest.mark.parametrize("authority", ["localhost", "[2001:db8::1]", "iam.api.cloud.yandex.net"])
def test_without_a_port_it_is_that_of_the_listener(authority: str) -> None:
    assert dialled(authority, LOCAL) == f"{authority}:8443"


@pytest.mark.parametrize(
    "authority",
    [
        *("", "-", "a b", "a/b", "user@host:1", "host:", ":1", "host:0", "host:65536", "host:1:2"),
        *("host:x", "[::1", "::1", "host\n", "h\u00f6st:1", "x" * 300, "0.0.0.0:1", "[::]:1"),
        *("0.0.0.0", "[0:0:0:0:0:0:0:0]:1"),
    ],
)
def test_what_can_not_be_dialled_is_not_told(authority: str) -> None:
    assert dialled(authority, LOCAL) == LOCAL
