"""Listeners that others reach: refused, or warned of where secrets can be read on the way."""

import pytest
from structlog.testing import capture_logs

from tocsin.access.exposure import ExposureRefused
from tocsin.composition.listening import check_listeners
from tocsin.settings import Settings, load_settings


def settings(**given: object) -> Settings:
    return load_settings(None, {"listen": "127.0.0.1:0", "http": "127.0.0.1:0", **given})


@pytest.mark.parametrize("option", ["listen", "http", "metrics"])
def test_a_listener_that_others_reach_needs_access_control(option: str) -> None:
    with pytest.raises(ExposureRefused, match=f"--{option} 192.0.2.1 .*--access .*--allow-unauth"):
        check_listeners(settings(**{option: "192.0.2.1:1"}))


@pytest.mark.parametrize("option", ["listen", "http"])
def test_credentials_in_the_clear_are_warned_of(option: str) -> None:
    with capture_logs() as logs:
        check_listeners(settings(**{option: "192.0.2.1:1", "access": {"enabled": True}}))
    assert [each["listener"] for each in logs] == [f"--{option} 192.0.2.1:1"]


def test_on_this_machine_and_over_tls_nothing_is_warned_of() -> None:
    secure = {"tls": "192.0.2.1:1", "tls_cert": "cert.pem", "tls_key": "key.pem"}
    with capture_logs() as logs:
        check_listeners(settings(**secure, access={"enabled": True}))
    assert logs == []
