"""No secret of a caller, or of a server's answer, is in what the suite shows."""

import pytest

from tocsin.conformance.wire.exchanges import MOST_SHOWN, Recorder, shown_messages
from tocsin.conformance.wire.redaction import HIDDEN, Redactor
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2 import GetTriggerRequest

SECRET = "swordfish-42"
JWT = "eyJhbGciOiJQUzI1NiJ9.eyJpc3MiOiJhamUxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        f'{{"password": "{SECRET}"}}',
        f'{{"iamToken": "{SECRET}", "expiresAt": "x"}}',
        f'{{"access_token":"{SECRET}"}}',
        f'{{"secretKey" : "a\\"{SECRET}"}}',
        f'private_key: "{SECRET}"',
        f'  api_key: "{SECRET}"\n',
        f"/v1/x?key={SECRET}&alt=json",
        f"/v1/x?alt=json&access_token={SECRET}",
        f"authorization: Bearer {SECRET}",
        f"Api-Key {SECRET}",
        f"jwt: '{JWT}'".replace("c2lnbmF0dXJl", SECRET),
        f"t1.9euelZrKz5{SECRET}-aaaaaaaaaa.bbb",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----",
        f"-----BEGIN RSA PRIVATE KEY-----\\n{SECRET}",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    shown = Redactor().text(text)
    assert SECRET not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize(
    "text",
    [
        '{"pageToken": "abc"}',
        '{"nextPageToken": "abc"}',
        'next_page_token: "abc"',
        "/v1/x?pageToken=abc",
        "/v1/x?page_token=abc&pageSize=1",
        'labels { key: "a" value: "b" }',
        '{"name": "check-1", "payload": "token"}',
        "the Bearer of news",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor().text(text) == text


def test_a_known_secret_is_hidden_wherever_it_stands() -> None:
    shown = Redactor([SECRET, f"{SECRET}-longer"]).text(f"a{SECRET}-longer b{SECRET}c")
    assert shown == f"a{HIDDEN} b{HIDDEN}c"


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "Proxy-Authorization",
        "X-Api-Key",
        "x-goog-api-key",
        "cookie",
        "Set-Cookie",
        "x-auth-token",
        "x-hub-signature",
        "x-client-secret",
    ],
)
def test_headers_with_secrets_are_hidden(name: str) -> None:
    assert SECRET not in Redactor().header(name, SECRET)
    assert SECRET not in Redactor().header(name, f"Bearer {SECRET}")


def test_an_exchange_is_recorded_without_secrets_and_cut() -> None:
    recorder = Recorder(Redactor([SECRET]))
    sent = [("authorization", f"Bearer {SECRET}"), ("x-data-bin", b"\x00")]
    told = [("set-cookie", SECRET)]
    status = f"400 {SECRET}"
    # The secret stands where the body is cut.
    body = "x" * (MOST_SHOWN - 5) + SECRET + "x" * 100_000
    line = f"GET /?q={SECRET}"
    recorder.add("HTTP", line, sent, lambda: SECRET, status, told, lambda: body, 0.1)
    [exchange] = recorder.exchanges
    assert SECRET[:4] not in str(exchange.to_dict())
    assert len(exchange.answer_body) < MOST_SHOWN + 100
    assert f"… of {len(body)} characters" in exchange.answer_body
    recorder.clear()
    assert recorder.exchanges == []


def test_a_message_is_shown_as_it_was_sent() -> None:
    message = GetTriggerRequest(trigger_id="before")
    show = shown_messages([message, b"\x01"])
    message.trigger_id = "after"
    assert 'trigger_id: "before"' in show()
    assert "1 bytes: 01" in show()


@pytest.mark.parametrize("text", ["a-" * 500_000, "eyJ-" * 100_000, '"token": "' * 100_000])
def test_a_long_text_is_not_read_to_its_end(text: str) -> None:
    recorder = Recorder(Redactor(["swordfish"]))
    recorder.add("HTTP", "GET /", [], lambda: text, "200", [], lambda: text, 0.1)
    [exchange] = recorder.exchanges
    assert f"of {len(text)} characters" in exchange.request_body
