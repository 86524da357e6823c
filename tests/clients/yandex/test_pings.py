"""The vendor's SDKs ping a server whether a call is under way or not."""

from collections.abc import Mapping

import pytest

from clients.yandex.sdk import Playing


@pytest.mark.parametrize("listener", ["tls", "plaintext"])
def test_pings_with_no_call_in_flight_are_welcome(
    idle: Mapping[str, Playing], listener: str
) -> None:
    """After three of them gRPC's own limits would have ended the connection."""
    seen = idle[listener].result()["idle"]
    assert seen["code"] == "OK"
    assert seen["ended"] == 0
