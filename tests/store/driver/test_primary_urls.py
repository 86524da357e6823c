"""A PostgreSQL URL is read as libpq reads it; what would mean two things is refused in words."""

from collections.abc import Mapping

import pytest

from tocsin.store.driver.database import StoreError
from tocsin.store.driver.primary.urls import Host, parse_url

NOTHING: Mapping[str, str] = {}


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u@a:1,b:2/d", [("a", 1), ("b", 2)]),
        (
            "postgres://a,b:2,[::1]:3,[fe80::1]/d",
            [("a", 5432), ("b", 2), ("::1", 3), ("fe80::1", 5432)],
        ),
        ("postgresql:///d?host=a,b&port=1,2", [("a", 1), ("b", 2)]),
        ("postgresql:///d?host=a,b&port=7", [("a", 7), ("b", 7)]),
        ("postgresql:///d?host=a:1,b:2", [("a", 1), ("b", 2)]),
        ("postgresql:///d?host=/run/postgresql", [("/run/postgresql", 5432)]),
        ("postgresql://%2Frun%2Fpg:6/d", [("/run/pg", 6)]),
        ("postgresql://a", [("a", 5432)]),
        ("postgresql:///d", []),
        ("postgresql://", []),
    ],
)
def test_hosts_and_ports_are_found(url: str, hosts: list[tuple[str, int]]) -> None:
    assert list(parse_url(url, NOTHING).hosts) == [Host(*each) for each in hosts]


def test_the_environment_names_what_the_url_leaves_out() -> None:
    environment = {"PGHOST": "a,b", "PGPORT": "7", "PGTARGETSESSIONATTRS": "read-write"}
    read = parse_url("postgresql:///d", environment)
    assert (read.hosts, read.session) == ((Host("a", 7), Host("b", 7)), "read-write")
    assert parse_url("postgresql://c/d", environment).hosts == (Host("c", 7),)
    assert parse_url("postgresql://c:1/d", environment).hosts == (Host("c", 1),)


def test_only_a_primary_will_do_unless_another_is_asked_for() -> None:
    assert parse_url("postgresql://a,b/d", NOTHING).session == "primary"
    assert parse_url("postgresql://a/d", NOTHING).session == "primary"
    asked = "postgresql://a,b/d?target_session_attrs="
    assert parse_url(f"{asked}read-write", NOTHING).session == "read-write"
    assert parse_url(f"{asked}any", NOTHING).session == "any"


def test_passwords_are_found_and_shown_nowhere() -> None:
    for url in (
        "postgresql://ann:s%40cr%2Fet@a,b/d?sslmode=require",
        "postgresql://ann@a,b/d?sslmode=require&password=s%40cr%2Fet",
        "postgresql:///d?user=ann&password=s%40cr%2Fet&host=a,b&sslmode=require",
    ):
        read = parse_url(url, NOTHING)
        assert read.password == "s@cr/et"
        assert read.safe == "postgresql://ann@a:5432,b:5432/d"
        assert read.rest == "postgresql:///d?user=ann&sslmode=require"
        assert "et" not in repr(read)


def test_options_of_the_driver_stay_and_a_timeout_is_taken() -> None:
    read = parse_url("postgresql://a/d?sslrootcert=%2Fx.pem&connect_timeout=3", NOTHING)
    assert (read.rest, read.connect_seconds) == ("postgresql:///d?sslrootcert=%2Fx.pem", 3.0)
    assert parse_url("postgresql://a/d?connect_timeout=0", NOTHING).connect_seconds is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://u:hush@a/d?host=b:1&host=c:2", "stands in it twice, and only the last"),
        ("postgresql:///d?host=a,b&port=1&port=2", "stands in it twice, and only the last"),
        ("postgresql://a/d?sslmode=hush&sslmode=no", "an option stands in it twice"),
        ("postgresql://a/d?host=b", "name them once"),
        ("postgresql://a:1/d?port=2", "name them once"),
        ("postgresql://a,b,c/d?sslmode=hush&port=1,2", "name them once"),
        ("postgresql:///d?host=a,b,c&port=1,2", "3 hosts and 2 ports"),
        ("postgresql://u:hu@sh@a/d", "%40"),
        ("postgresql://u:hu/sh@a/d", "%40"),
        ("postgresql://u:hu?sh@a/d", "%40"),
        ("postgresql://u:hu#sh@a/d", "%40"),
        ("postgresql://a:hush/d", "not one"),
        ("postgresql://a:70000/d", "from 1 to 65535"),
        ("postgresql:///d?host=a&port=hush", "from 1 to 65535"),
        ("postgresql://a b/d", "not one"),
        ("postgresql://a/d?hush", "name=value"),
        ("postgresql://a,b/d?target_session_attrs=standby", "primary, read-write or any"),
        ("postgresql://a/d?target_session_attrs=hush", "primary, read-write or any"),
        ("postgresql://a/d?connect_timeout=hush", "whole number of seconds"),
    ],
)
def test_what_can_not_be_meant_is_refused_without_a_secret(url: str, said: str) -> None:
    with pytest.raises(StoreError) as refused:
        parse_url(url, NOTHING)
    assert said in str(refused.value)
    assert "hush" not in str(refused.value)
    assert "sh@" not in str(refused.value)
