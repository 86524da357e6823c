"""On loopback, a page of another site that is open in a browser here gets nowhere."""

import pytest

from gateway.rest_client import Rest

PATH = "/operations/op1"
SCHEDULE = "/v1/projects/p/locations/l/integrations/i:schedule"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://localhost.evil.example", "null"]
)
def test_a_page_of_another_site_may_not_call(rest: Rest, origin: str) -> None:
    before = len(rest.upstream.calls)
    reply = rest.call("POST", SCHEDULE, '{"triggerId": "t"}', {"Origin": origin})

    assert reply.status == 403
    assert reply.json["error"]["status"] == "PERMISSION_DENIED"
    assert len(rest.upstream.calls) == before


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example"),
        *("bucket.website.yandexcloud.net", "bucket.storage.googleapis.com:443", "x.yandex.net"),
    ],
)
def test_a_name_that_was_pointed_here_may_not_be_used(rest: Rest, host: str) -> None:
    before = len(rest.upstream.calls)
    reply = rest.call("GET", PATH, None, {"Host": host})

    assert (reply.status, reply.json["code"]) == (403, 7)
    assert len(rest.upstream.calls) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://127.0.0.1"},
        {"Host": "localhost"},
        {"Host": "localhost:1234"},
        {"Host": "tocsin.localhost:8080"},
    ],
    ids=str,
)
def test_pages_and_names_of_this_machine_may(rest: Rest, headers: dict[str, str]) -> None:
    assert rest.call("GET", PATH, None, headers).status == 200
