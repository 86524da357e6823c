"""Accounts and roles that come from the settings; secrets that are nowhere; what nodes share."""

import json
import re
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from stand.access.secured import PATIENT, Secured, ServiceKey, secured
from stand.apis.wire import Refused
from stand.services.postgres_server import PostgresServer
from stand.tocsin_process import run_tocsin, serve_command, serving

PRIVATE = rsa.generate_private_key(65537, 2048)
PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
KEY = ServiceKey({"id": "ajekey", "service_account_id": "ajerobot"})

CONFIG = f'''
[access]
token_hours = 0.0005

[access.service_accounts.ajerobot]
folder_id = "f1"
name = "robot"
public_keys.ajekey = """{PEM}"""

[[access.bindings]]
resource = "folders/f1"
subject = "serviceAccount:ajerobot"
role = "editor"
'''


def robot(it: Secured) -> str:
    return it.exchange("grpc", {"jwt": KEY.jwt(key=PRIVATE)})


def test_accounts_of_the_settings_call_and_only_the_settings_change_them(tmp_path: Path) -> None:
    with secured(tmp_path, CONFIG) as it:
        token = robot(it)
        it.lists("rest", f"Bearer {token}", "f1")
        for method, request in (
            ("DeleteAccount", {"accountId": "ajerobot"}),
            ("DeleteKey", {"keyId": "ajekey"}),
            (
                "RemoveBinding",
                {
                    "binding": {
                        "resource": "folders/f1",
                        "subject": "serviceAccount:ajerobot",
                        "role": "editor",
                    }
                },
            ),
        ):
            with pytest.raises(Refused, match="comes from the settings") as refused:
                it.admin.call(f"AccessService.{method}", request)
            assert refused.value.code == "FAILED_PRECONDITION"
        account = it.admin.call("AccessService.GetAccount", {"accountId": "ajerobot"})["account"]
        assert account["configured"] is True
        # Its tokens hold for 1.8 s here.
        deadline = time.monotonic() + 20
        while it.refusal("grpc", f"Bearer {token}", "f1") != "UNAUTHENTICATED":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        it.server.stop()
    # What is no longer in the settings is gone after the next start; what is not from them stays.
    with serving(tmp_path, PATIENT, "--access") as server:
        again = Secured(server, it.admin_key)
        with pytest.raises(Refused, match="proves no account here"):
            robot(again)
        listed = again.admin.call("AccessService.ListAccounts", {})["accounts"]
        assert [each["kind"] for each in listed] == ["KIND_USER_ACCOUNT"]


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ('[access.issuers.a]\nissuer = "http://example.com"\naudience = "x"', "must be https"),
        ('[access.issuers.A]\nissuer = "https://example.com"\naudience = "x"', "lower case"),
        ('[access.service_accounts.a]\npublic_keys.k = "x"', "k: must be a public key in PEM"),
        ('[[access.bindings]]\nresource = "*"\nsubject = "x"\nrole = "viewer"', "must be service"),
        (
            '[[access.bindings]]\nresource = "*"\nsubject = "userAccount:x"\nrole = "king"',
            "must be a role: ",
        ),
        ("[access]\ntoken_hours = 13", "less than or equal to 12"),
    ],
)
def test_settings_that_can_t_be_are_named(tmp_path: Path, config: str, says: str) -> None:
    file = tmp_path / "tocsin.toml"
    file.write_text(config)
    done = run_tocsin("config", "check", "--config", str(file))
    assert done.status == 1
    assert says in done.stderr


def test_an_account_that_there_is_already_stops_the_start(tmp_path: Path) -> None:
    with secured(tmp_path) as it:
        request = {"kind": "KIND_SERVICE_ACCOUNT", "folderId": "f1", "name": "robot"}
        it.admin.call("AccessService.CreateAccount", request)
        it.server.stop()
    done = run_tocsin(*serve_command(tmp_path, CONFIG, "--access")[1:])
    assert done.status == 1
    assert "the settings have account robot of folder f1, but the store has one" in done.stderr


def test_secrets_are_in_no_log_and_not_in_the_database(tmp_path: Path) -> None:
    with secured(tmp_path, "", "--log-level", "debug") as it:
        key = it.service_key("f1")
        _, api_key = it.secret(key.account_id)
        _, oauth = it.secret(key.account_id, "KIND_OAUTH_TOKEN")
        assertion = key.jwt()
        token = it.exchange("rest", {"jwt": assertion})
        for wire in ("grpc", "rest"):
            it.lists(wire, f"Api-Key {api_key}", "f1")
            it.lists(wire, f"Bearer {token}", "f1")
            it.exchange(wire, {"yandexPassportOauthToken": oauth})
            for wrong in (f"Bearer {token}x", f"Api-Key {api_key}x", f"Basic {oauth}"):
                assert it.refusal(wire, wrong, "f1") == "UNAUTHENTICATED"
            for proof in ({"jwt": assertion[:-4]}, {"yandexPassportOauthToken": oauth + "x"}):
                with pytest.raises(Refused):
                    it.exchange(wire, proof)
        it.api("grpc", f"Bearer {token}").call("IamTokenService.Revoke", {"iamToken": token})
        private = re.sub(r"-----[A-Z ]+-----|\n", "", key.file["private_key"])
        it.server.stop()
        log = it.server.log.read_text()
    assert "refused a credential" in log
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("tocsin.db*"))
    assert key.key_id.encode() in kept
    for secret in (it.admin_key, api_key, oauth, token, assertion, private):
        for part in (secret, secret[-40:], secret[:60] if secret == private else secret):
            assert part not in log
            assert part.encode() not in kept
    assert json.dumps(key.file["private_key"]) not in log


def test_nodes_on_one_database_share_keys_accounts_and_revocations(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    url = postgres.new_database()
    with ExitStack() as stack:
        nodes = []
        for name in ("first", "second"):
            (tmp_path / name).mkdir()
            running = secured(tmp_path / name, "", "--http", "off", database=url)
            nodes.append(stack.enter_context(running))
        first, second = nodes
        key = first.service_key("f1")
        token = second.exchange("grpc", {"jwt": key.jwt()})
        _, secret = first.secret(key.account_id)
        for node in nodes:
            node.lists("grpc", f"Bearer {token}", "f1")
            node.lists("grpc", f"Api-Key {secret}", "f1")
        first.api("grpc", f"Bearer {token}").call("IamTokenService.Revoke", {"iamToken": token})
        seen_within(second, f"Bearer {token}")
        second.admin.call("AccessService.DeleteAccount", {"accountId": key.account_id})
        seen_within(first, f"Api-Key {secret}")
        text = first.service_key("f1").jwt()
        assert first.exchange("grpc", {"jwt": text}) == second.exchange("grpc", {"jwt": text})


def seen_within(it: Secured, authorization: str) -> None:
    """Waits until a node no longer takes a credential; far less than a minute is promised."""
    deadline = time.monotonic() + 20
    while it.refusal("grpc", authorization, "f1") != "UNAUTHENTICATED":
        assert time.monotonic() < deadline
        time.sleep(0.05)
