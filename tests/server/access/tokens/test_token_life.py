"""A token does not outlive the credential that it was made of."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from stand.access.oidc_issuer import AUDIENCE, OidcIssuer
from stand.access.secured import Secured, ServiceKey
from stand.apis.wire import Json, Refused
from tocsin.api.yandex.iam_tokens import MOST_MADE_OF

CREATE = "IamTokenService.CreateForServiceAccount"


def shown(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def may_make(it: Secured, subject: str, folder: str) -> None:
    """Lets somebody get tokens of the accounts of a folder."""
    role = "iam.serviceAccounts.tokenCreator"
    binding = {"resource": f"folders/{folder}", "subject": subject, "role": role}
    it.admin.call("AccessService.AddBinding", {"binding": binding})


def made(it: Secured, credential: str, account_id: str) -> Json:
    return it.api("grpc", credential).call(CREATE, {"serviceAccountId": account_id})


def ends(it: Secured, token: str, folder: str) -> None:
    deadline = time.monotonic() + 20
    while it.refusal("grpc", f"Bearer {token}", folder) != "UNAUTHENTICATED":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_token_expires_with_the_api_key(it: Secured, key: ServiceKey, folder: str) -> None:
    may_make(it, f"serviceAccount:{key.account_id}", folder)
    until = (datetime.now(UTC) + timedelta(minutes=5)).replace(microsecond=0)
    _, secret = it.secret(key.account_id, expiresAt=shown(until))
    first = made(it, f"Api-Key {secret}", key.account_id)
    second = made(it, f"Bearer {first['iamToken']}", key.account_id)
    assert instant(first["expiresAt"]) == instant(second["expiresAt"]) == until


def test_a_token_expires_with_the_oauth_token(it: Secured, wire: str, folder: str) -> None:
    account = it.account(folder, "KIND_USER_ACCOUNT")
    until = (datetime.now(UTC) + timedelta(minutes=5)).replace(microsecond=0)
    _, secret = it.secret(account, "KIND_OAUTH_TOKEN", expiresAt=shown(until))
    answer = it.api(wire, None).call("IamTokenService.Create", {"yandexPassportOauthToken": secret})
    assert instant(answer["expiresAt"]) == until
    soon = datetime.now(UTC) + timedelta(seconds=2)
    _, secret = it.secret(account, "KIND_OAUTH_TOKEN", expiresAt=shown(soon))
    token = it.exchange(wire, {"yandexPassportOauthToken": secret})
    it.lists(wire, f"Bearer {token}", folder)
    ends(it, token, folder)


def test_a_token_that_was_made_of_a_token_expires_no_later(
    it: Secured, key: ServiceKey, folder: str
) -> None:
    may_make(it, f"serviceAccount:{key.account_id}", folder)
    first = it.api("grpc", None).call("IamTokenService.Create", {"jwt": key.jwt()})
    second = made(it, f"Bearer {first['iamToken']}", key.account_id)
    assert instant(second["expiresAt"]) <= instant(first["expiresAt"])


def test_a_token_expires_with_the_token_of_an_outside_issuer(
    it: Secured, issuer: OidcIssuer, folder: str
) -> None:
    account, now = it.account(folder), int(time.time())
    may_make(it, f"federatedUser:test:ann-{folder}", folder)
    claims = {"iss": issuer.url, "aud": AUDIENCE, "sub": f"ann-{folder}", "iat": now}
    token = issuer.token({**claims, "exp": now + 300})
    answer = made(it, f"Bearer {token}", account)
    # The issuer's clock may be behind by half a minute, so its token holds so much longer.
    assert instant(answer["expiresAt"]) <= datetime.fromtimestamp(now + 330, UTC)


@pytest.mark.parametrize("how", ["revoked", "all of the account", "account"])
def test_a_token_ends_with_each_token_that_it_was_made_of(
    it: Secured, folder: str, key: ServiceKey, how: str
) -> None:
    other = it.account(f"{folder}x")
    caller = f"serviceAccount:{key.account_id}"
    may_make(it, caller, f"{folder}x")
    may_make(it, f"serviceAccount:{other}", f"{folder}x")
    first = it.token(key)
    second = made(it, f"Bearer {first}", other)["iamToken"]
    third = made(it, f"Bearer {second}", other)["iamToken"]
    unrelated = it.token(key)
    for token in (second, third):
        it.lists("grpc", f"Bearer {token}", f"{folder}x")
    if how == "revoked":
        it.api("grpc", f"Bearer {first}").call("IamTokenService.Revoke", {"iamToken": first})
        it.lists("grpc", f"Bearer {unrelated}", folder)
    else:
        method = "RevokeTokens" if how == "all of the account" else "DeleteAccount"
        it.admin.call(f"AccessService.{method}", {"accountId": key.account_id})
    for token in (second, third):
        ends(it, token, f"{folder}x")


def test_a_chain_of_tokens_has_an_end(it: Secured, key: ServiceKey, folder: str) -> None:
    may_make(it, f"serviceAccount:{key.account_id}", folder)
    token = it.token(key)
    for _ in range(MOST_MADE_OF - 1):
        token = made(it, f"Bearer {token}", key.account_id)["iamToken"]
    it.lists("grpc", f"Bearer {token}", folder)
    with pytest.raises(Refused) as refused:
        made(it, f"Bearer {token}", key.account_id)
    assert refused.value.code == "FAILED_PRECONDITION"
    assert refused.value.reasons == ["TOKEN_MADE_OF_TOKENS"]
