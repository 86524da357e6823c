"""Tokens of an OpenID Connect issuer, which is a real one on loopback."""

import time
from typing import Any

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from stand.access.oidc_issuer import AUDIENCE, OidcIssuer
from stand.access.secured import Secured
from stand.apis.wire import Refused
from tocsin_protos.google.cloud.integrations.v1alpha import executions_pb2

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def claims(issuer: OidcIssuer, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {"iss": issuer.url, "aud": AUDIENCE, "sub": "ann", "iat": now, "exp": now + 600}
    return {**usual, **changed}


def is_refused(it: Secured, wire: str, token: str) -> None:
    with pytest.raises(Refused) as refused:
        it.lists(wire, f"Bearer {token}", "everybodys")
    assert (refused.value.code, refused.value.message) == (
        "UNAUTHENTICATED",
        "Token is invalid or has expired.",
    )


def test_its_users_are_known_and_have_the_roles_that_they_were_given(
    it: Secured, issuer: OidcIssuer, wire: str, folder: str
) -> None:
    token = issuer.token(claims(issuer, sub=f"ann-{folder}"))
    it.lists(wire, f"Bearer {token}", "everybodys")
    with pytest.raises(Refused) as refused:
        it.lists(wire, f"Bearer {token}", folder)
    assert refused.value.code == "PERMISSION_DENIED"
    other = issuer.token(claims(issuer, sub=f"bob-{folder}"))
    subject = f"federatedUser:test:bob-{folder}"
    binding = {"resource": f"folders/{folder}", "subject": subject, "role": "viewer"}
    it.admin.call("AccessService.AddBinding", {"binding": binding})
    it.lists(wire, f"Bearer {other}", folder)


@pytest.mark.parametrize("expires", [253_402_300_799, 253_402_300_799.5])
def test_one_that_expires_in_the_last_second_of_the_last_year_is_good(
    it: Secured, issuer: OidcIssuer, wire: str, expires: float
) -> None:
    token = issuer.token(claims(issuer, exp=expires))
    it.lists(wire, f"Bearer {token}", "everybodys")


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": 10**30},
        {"aud": "others"},
        {"aud": None},
        {"aud": [AUDIENCE + "x"]},
        {"iss": "https://accounts.google.com"},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": "a\nb"},
    ],
    ids=str,
)
def test_what_is_not_for_us_or_not_for_now_is_refused(
    it: Secured, issuer: OidcIssuer, wire: str, changed: dict[str, Any]
) -> None:
    is_refused(it, wire, issuer.token(claims(issuer, **changed)))


def test_a_forged_one_is_refused(it: Secured, issuer: OidcIssuer, wire: str) -> None:
    is_refused(it, wire, issuer.token(claims(issuer), key=generate_private_key(65537, 2048)))


def test_one_of_another_type_is_refused(it: Secured, issuer: OidcIssuer, wire: str) -> None:
    is_refused(it, wire, issuer.token(claims(issuer), headers={"typ": "logout+jwt"}))
    token = issuer.token(claims(issuer), headers={"typ": "at+jwt"})
    it.lists(wire, f"Bearer {token}", "everybodys")


@pytest.mark.parametrize("algorithm", ["RS384", "PS256"])
def test_algorithms_may_differ_within_the_kind_of_the_key(
    it: Secured, issuer: OidcIssuer, wire: str, algorithm: str
) -> None:
    token = issuer.token(claims(issuer), algorithm=algorithm)
    it.lists(wire, f"Bearer {token}", "everybodys")


def test_a_key_of_one_kind_is_not_used_as_another(it: Secured, issuer: OidcIssuer) -> None:
    issuer.add_elliptic("elliptic")
    token = wait_for(it, issuer.token(claims(issuer), kid="elliptic", algorithm="ES256"))
    it.lists("grpc", f"Bearer {token}", "everybodys")
    rsa = next(iter(issuer.keys))
    is_refused(it, "grpc", issuer.token(claims(issuer), key=issuer.keys[rsa], kid="elliptic"))


def wait_for(it: Secured, token: str) -> str:
    """Waits until a new key is known: how often the issuer is asked is limited."""
    deadline = time.monotonic() + 30
    while it.refusal("grpc", f"Bearer {token}", "everybodys") is not None:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return token


def test_its_keys_may_change_at_any_time(it: Secured, issuer: OidcIssuer) -> None:
    old = issuer.token(claims(issuer))
    it.lists("grpc", f"Bearer {old}", "everybodys")
    issuer.rotate(f"rotated-{time.monotonic()}")
    wait_for(it, issuer.token(claims(issuer)))
    # Checked before, and so believed for some minutes; another one that it signed is not.
    it.lists("grpc", f"Bearer {old}", "everybodys")


def test_whoever_makes_up_keys_does_not_make_us_ask_all_the_time(
    it: Secured, issuer: OidcIssuer
) -> None:
    it.lists("grpc", f"Bearer {issuer.token(claims(issuer))}", "everybodys")
    before = issuer.asked
    forger = generate_private_key(65537, 2048)
    for number in range(20):
        token = issuer.token(claims(issuer), key=forger, headers={"kid": f"made-up-{number}"})
        is_refused(it, "grpc", token)
    assert issuer.asked - before <= 2


def test_an_issuer_that_is_away_locks_out_nobody_whose_key_is_known(
    it: Secured, issuer: OidcIssuer
) -> None:
    wait_for(it, issuer.token(claims(issuer)))
    issuer.down = True
    try:
        token = issuer.token(claims(issuer, sub="carol"))
        it.lists("grpc", f"Bearer {token}", "everybodys")
    finally:
        issuer.down = False


def test_without_the_scope_google_s_methods_are_closed(it: Secured, issuer: OidcIssuer) -> None:
    """Whether a scope is needed is the gate's; what a token has is read here."""
    subject = "federatedUser:test:dan"
    binding = {"resource": "projects/p", "subject": subject, "role": "editor"}
    it.admin.call("AccessService.AddBinding", {"binding": binding})
    method = "/google.cloud.integrations.v1alpha.Executions/ScheduleIntegrations"
    name = "projects/p/locations/l/integrations/none"
    request = executions_pb2.ScheduleIntegrationsRequest(name=name, trigger_id="api_trigger/x")

    def code(**more: Any) -> grpc.StatusCode:
        token = issuer.token(claims(issuer, sub="dan", **more))
        with it.server.channel() as channel:
            call = channel.unary_unary(
                method, executions_pb2.ScheduleIntegrationsRequest.SerializeToString
            )
            with pytest.raises(grpc.RpcError) as refused:
                call(request, metadata=[("authorization", f"Bearer {token}")])
        found: grpc.StatusCode = refused.value.code()
        return found

    assert code() is grpc.StatusCode.PERMISSION_DENIED
    assert code(scope="email") is grpc.StatusCode.PERMISSION_DENIED
    assert code(scope=f"email {SCOPE}") is grpc.StatusCode.NOT_FOUND
    assert code(scp=[SCOPE]) is grpc.StatusCode.NOT_FOUND
