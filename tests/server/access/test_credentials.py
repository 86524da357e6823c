"""Credentials that prove nobody are refused, with one answer for all of them."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode

from stand.access.secured import Secured, ServiceKey
from stand.apis.wire import Json, Refused
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import (
    trigger_service_pb2,
    trigger_service_pb2_grpc,
)


def refuses(it: Secured, wire: str, authorization: str | None, folder: str) -> Refused:
    with pytest.raises(Refused) as refused:
        it.lists(wire, authorization, folder)
    assert refused.value.code == "UNAUTHENTICATED"
    assert refused.value.http in (None, 401)
    return refused.value


def is_refused(it: Secured, wire: str, authorization: str, folder: str) -> None:
    refused = refuses(it, wire, authorization, folder)
    assert refused.message == "Token is invalid or has expired."
    assert refused.reasons == ["CREDENTIALS_REFUSED"]


def until_refused(it: Secured, wire: str, authorization: str, folder: str) -> None:
    """Calls until that is refused."""
    deadline = time.monotonic() + 20
    while it.refusal(wire, authorization, folder) != "UNAUTHENTICATED":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def parts(token: str) -> tuple[Json, str]:
    _, payload, signature = token.split(".")
    claims: Json = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims, signature


def written(claims: Json, signature: str) -> str:
    return f"t1.{base64url_encode(json.dumps(claims).encode()).decode()}.{signature}"


def test_each_kind_of_credential_is_taken(
    it: Secured, wire: str, key: ServiceKey, folder: str
) -> None:
    _, secret = it.secret(key.account_id)
    for authorization in (
        f"Bearer {it.token(key)}",
        f"bearer {it.token(key)}",
        f"Api-Key {secret}",
        f"Bearer {secret}",
    ):
        it.lists(wire, authorization, folder)


def test_without_one_the_answer_says_what_to_send(it: Secured, wire: str, folder: str) -> None:
    refused = refuses(it, wire, None, folder)
    assert refused.reasons == ["CREDENTIALS_MISSING"]
    assert "authorization: Bearer" in refused.message


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer x",
        "Bearer t1.a.b",
        "Bearer t1..",
        "Bearer t1.a.b.c",
        "Api-Key x",
        "Api-Key tocsin_key_" + "A" * 43,
        "Basic dXNlcjpwYXNzd29yZA==",
        "OAuth y0_x",
        "Bearer a.b.c",
        "Bearer " + "t1." + "a" * 5000,
        "nonsense",
    ],
)
def test_what_is_no_credential_is_refused(
    it: Secured, wire: str, folder: str, authorization: str
) -> None:
    is_refused(it, wire, authorization, folder)


def test_a_header_that_is_too_long_is_refused_before_it_is_looked_at(
    it: Secured, folder: str
) -> None:
    is_refused(it, "grpc", "Bearer " + "a" * 8100, folder)


def test_a_token_with_changed_claims_is_refused(
    it: Secured, wire: str, key: ServiceKey, folder: str
) -> None:
    claims, signature = parts(it.token(key))
    assert claims["sub"] == f"serviceAccount:{key.account_id}"
    is_refused(
        it, wire, f"Bearer {written({**claims, 'exp': claims['exp'] + 1}, signature)}", folder
    )
    is_refused(it, wire, f"Bearer {written(claims, 'A' * 342)}", folder)
    is_refused(it, wire, f"Bearer {written(claims, '')}", folder)


def test_a_token_that_somebody_else_signed_is_refused(
    it: Secured, wire: str, key: ServiceKey, folder: str
) -> None:
    claims, _ = parts(it.token(key))
    kid = jwt_kid(it)
    forger = generate_private_key(65537, 2048)
    header = {"typ": "t1+jwt", "kid": kid}
    forged = jwt.encode(claims, forger, "RS256", headers=header).partition(".")[2]
    is_refused(it, wire, f"Bearer t1.{forged}", folder)


def jwt_kid(it: Secured) -> str:
    found = next(
        line for line in it.server.log.read_text().splitlines() if "a key to sign tokens" in line
    )
    return found.partition("kid=")[2].split()[0]


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_jwt_of_another_algorithm_is_refused(
    it: Secured, wire: str, key: ServiceKey, folder: str, algorithm: str
) -> None:
    """By none at all, and by a public key that is taken for a shared secret."""
    claims, _ = parts(it.token(key))
    header = base64url_encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()).decode()
    payload = base64url_encode(json.dumps(claims).encode()).decode()
    signature = ""
    if algorithm == "HS256":
        secret = key.file["public_key"].encode()
        digest = hmac.new(secret, f"{header}.{payload}".encode(), hashlib.sha256).digest()
        signature = base64url_encode(digest).decode()
    for token in (f"{header}.{payload}.{signature}", f"t1.{payload}.{signature}"):
        is_refused(it, wire, f"Bearer {token}", folder)


def test_an_expired_token_is_refused(it: Secured, wire: str, folder: str) -> None:
    """It can't be waited for: a secret that expires stands for it."""
    account = it.account(folder)
    soon = datetime.now(UTC) + timedelta(seconds=1.5)
    _, secret = it.secret(account, expiresAt=soon.isoformat().replace("+00:00", "Z"))
    it.lists(wire, f"Api-Key {secret}", folder)
    until_refused(it, wire, f"Api-Key {secret}", folder)


def test_a_revoked_token_is_refused(it: Secured, wire: str, key: ServiceKey, folder: str) -> None:
    token, other = it.token(key), it.token(key)
    it.lists(wire, f"Bearer {token}", folder)
    api = it.api(wire, f"Bearer {token}")
    answer = api.call("IamTokenService.Revoke", {"iamToken": token})
    assert answer == {"subjectId": key.account_id}
    is_refused(it, wire, f"Bearer {token}", folder)
    it.lists(wire, f"Bearer {other}", folder)


def test_who_revokes_a_token_has_to_have_it(it: Secured, wire: str, key: ServiceKey) -> None:
    token = it.token(key)
    claims, signature = parts(token)
    api = it.api(wire, f"Bearer {token}")
    with pytest.raises(Refused) as refused:
        api.call("IamTokenService.Revoke", {"iamToken": written(claims, signature[::-1])})
    assert list(refused.value.fields) == ["iam_token"]


def test_all_tokens_of_an_account_can_be_revoked(
    it: Secured, wire: str, key: ServiceKey, folder: str
) -> None:
    token = it.token(key)
    it.lists(wire, f"Bearer {token}", folder)
    it.admin.call("AccessService.RevokeTokens", {"accountId": key.account_id})
    is_refused(it, wire, f"Bearer {token}", folder)
    it.lists(wire, f"Bearer {it.token(key)}", folder)


def test_what_was_given_for_a_key_ends_with_it(
    it: Secured, wire: str, key: ServiceKey, folder: str
) -> None:
    token = it.token(key)
    it.lists(wire, f"Bearer {token}", folder)
    it.admin.call("AccessService.DeleteKey", {"keyId": key.key_id})
    is_refused(it, wire, f"Bearer {token}", folder)
    with pytest.raises(Refused, match="proves no account here"):
        it.token(key)


@pytest.mark.parametrize("kind", ["key", "api key"])
def test_what_was_made_of_a_token_ends_with_the_key_that_it_goes_back_to(
    it: Secured, wire: str, key: ServiceKey, folder: str, kind: str
) -> None:
    binding = {
        "resource": f"folders/{folder}",
        "subject": f"serviceAccount:{key.account_id}",
        "role": "iam.serviceAccounts.tokenCreator",
    }
    it.admin.call("AccessService.AddBinding", {"binding": binding})
    credential_id, secret = it.secret(key.account_id)
    shown = f"Bearer {it.token(key)}" if kind == "key" else f"Api-Key {secret}"
    for _ in range(2):
        answer = it.api(wire, shown).call(
            "IamTokenService.CreateForServiceAccount", {"serviceAccountId": key.account_id}
        )
        shown = f"Bearer {answer['iamToken']}"
    it.lists(wire, shown, folder)
    if kind == "key":
        it.admin.call("AccessService.DeleteKey", {"keyId": key.key_id})
    else:
        it.admin.call("AccessService.DeleteCredential", {"credentialId": credential_id})
    is_refused(it, wire, shown, folder)


def test_what_was_made_of_an_expired_key_makes_no_more(
    it: Secured, key: ServiceKey, folder: str
) -> None:
    binding = {
        "resource": f"folders/{folder}",
        "subject": f"serviceAccount:{key.account_id}",
        "role": "iam.serviceAccounts.tokenCreator",
    }
    it.admin.call("AccessService.AddBinding", {"binding": binding})
    soon = datetime.now(UTC) + timedelta(seconds=3)
    _, secret = it.secret(key.account_id, expiresAt=soon.isoformat().replace("+00:00", "Z"))
    method, request = (
        "IamTokenService.CreateForServiceAccount",
        {"serviceAccountId": key.account_id},
    )
    token = it.api("grpc", f"Api-Key {secret}").call(method, request)["iamToken"]
    until_refused(it, "grpc", f"Api-Key {secret}", folder)
    with pytest.raises(Refused) as found:
        it.api("grpc", f"Bearer {token}").call(method, request)
    assert found.value.code == "UNAUTHENTICATED"


def test_a_deleted_api_key_is_refused(it: Secured, wire: str, key: ServiceKey, folder: str) -> None:
    credential_id, secret = it.secret(key.account_id)
    it.lists(wire, f"Api-Key {secret}", folder)
    it.admin.call("AccessService.DeleteCredential", {"credentialId": credential_id})
    is_refused(it, wire, f"Api-Key {secret}", folder)


def test_nothing_of_a_deleted_account_is_taken(
    it: Secured, wire: str, key: ServiceKey, folder: str
) -> None:
    _, secret = it.secret(key.account_id)
    token = it.token(key)
    it.admin.call("AccessService.DeleteAccount", {"accountId": key.account_id})
    is_refused(it, wire, f"Api-Key {secret}", folder)
    is_refused(it, wire, f"Bearer {token}", folder)
    with pytest.raises(Refused, match="proves no account here"):
        it.token(key)


def test_an_oauth_token_is_for_the_token_service_alone(it: Secured, wire: str, folder: str) -> None:
    account = it.account(folder, "KIND_USER_ACCOUNT")
    credential_id, secret = it.secret(account, "KIND_OAUTH_TOKEN")
    is_refused(it, wire, f"Bearer {secret}", folder)
    is_refused(it, wire, f"Api-Key {secret}", folder)
    token = it.exchange(wire, {"yandexPassportOauthToken": secret})
    it.lists(wire, f"Bearer {token}", folder)
    it.admin.call("AccessService.DeleteCredential", {"credentialId": credential_id})
    is_refused(it, wire, f"Bearer {token}", folder)
    with pytest.raises(Refused, match="The OAuth token is refused: it proves no account here"):
        it.exchange(wire, {"yandexPassportOauthToken": secret})


def test_an_api_key_is_no_oauth_token(it: Secured, wire: str, key: ServiceKey) -> None:
    _, secret = it.secret(key.account_id)
    with pytest.raises(Refused) as refused:
        it.exchange(wire, {"yandexPassportOauthToken": secret})
    assert refused.value.code == "UNAUTHENTICATED"


def test_two_credentials_at_once_are_refused(it: Secured, key: ServiceKey, folder: str) -> None:
    """Which of them is meant is nobody's to guess."""
    header = ("authorization", f"Bearer {it.token(key)}")
    with it.server.channel() as channel:
        stub = trigger_service_pb2_grpc.TriggerServiceStub(channel)
        request = trigger_service_pb2.ListTriggersRequest(folder_id=folder)
        stub.List(request, metadata=[header])
        with pytest.raises(grpc.RpcError) as refused:
            stub.List(request, metadata=[header, header])
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_a_token_of_another_server_is_refused(
    it: Secured, wire: str, key: ServiceKey, folder: str
) -> None:
    """The same shape, the same names, another key."""
    claims, _ = parts(it.token(key))
    other = generate_private_key(65537, 2048)
    pem = other.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    jwk = RSAAlgorithm.to_jwk(other.public_key(), as_dict=True)
    token = jwt.encode(claims, pem, "RS256", headers={"typ": "t1+jwt", "jwk": jwk, "kid": "x"})
    is_refused(it, wire, f"Bearer {token}", folder)
    is_refused(it, wire, f"Bearer t1.{token.partition('.')[2]}", folder)
