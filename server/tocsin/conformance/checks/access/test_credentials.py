"""Calls without a credential, or with a wrong one, are refused and do nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from tocsin.conformance.checks.access.calls import CALLS, Owned
from tocsin.conformance.clauses import MUST, SHOULD, clause
from tocsin.conformance.expecting import Code, expect_error, expect_ok, expect_rest_error
from tocsin.conformance.peer import Peer
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_service_pb2

pytest_plugins = ["tocsin.conformance.checks.access.fixtures"]

CODE = "proto google/rpc/code.proto: UNAUTHENTICATED, 'does not have valid authentication "
CODE += "credentials for the operation'"
YANDEX = "docs: api-design-guide, 'Error handling': UNAUTHENTICATED, 401"
AIP_193 = "AIP-193"


def slug(method: str) -> str:
    service, _, name = method.partition(".")
    words = "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")
    return f"{service.replace('_', '-')}.{words}"


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(
            method,
            marks=clause(
                f"access.no-credential.{slug(method)}",
                MUST,
                f"{method} without a credential MUST be refused with UNAUTHENTICATED, and change "
                "nothing.",
                source=CODE,
                features=call.features,
            ),
        )
        for method, call in CALLS.items()
    ],
)
def test_nobody_may_call(owned: Owned, peer: Peer, method: str) -> None:
    answer = CALLS[method].over_grpc(method.partition(".")[2], owned, peer.stranger())
    expect_error(answer, Code.UNAUTHENTICATED)
    owned.unchanged()


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(
            method,
            marks=clause(
                f"access.wrong-credential.{slug(method)}",
                MUST,
                f"{method} with a token that nobody gave MUST be refused with UNAUTHENTICATED, "
                "and change nothing.",
                source=CODE,
                features=call.features,
            ),
        )
        for method, call in CALLS.items()
    ],
)
def test_a_forged_token_may_not_call(owned: Owned, peer: Peer, method: str) -> None:
    forged = peer.stranger(f"Bearer t1.{peer.name('forged')}.{'A' * 86}")
    answer = CALLS[method].over_grpc(method.partition(".")[2], owned, forged)
    expect_error(answer, Code.UNAUTHENTICATED)
    owned.unchanged()


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(
            method,
            marks=clause(
                f"access.rest.no-credential.{slug(method)}",
                level,
                f"{method} over REST without a credential {level} be answered with 401, and change "
                "nothing.",
                source=f"{CODE}, 'HTTP Mapping: 401 Unauthorized'",
                features=("rest", *call.features),
            ),
        )
        for method, call in CALLS.items()
        # Paths of operations are a server's own choice.
        for level in (SHOULD if method.startswith("google_operations") else MUST,)
        if call.rest is not None
    ],
)
def test_nobody_may_call_over_rest(owned: Owned, peer: Peer, method: str) -> None:
    answer = CALLS[method].over_rest(owned, peer.stranger())
    expect_rest_error(answer, Code.UNAUTHENTICATED)
    owned.unchanged()


@clause(
    "access.rest.envelope",
    MUST,
    "The body of a trigger method's 401 MUST be a google.rpc.Status with the code 16.",
    source=YANDEX,
    features=("rest",),
)
def test_a_refusal_is_a_status(owned: Owned, peer: Peer) -> None:
    answer = CALLS["triggers.Get"].over_rest(owned, peer.stranger())
    assert answer.status == 401
    assert answer.json["code"] == Code.UNAUTHENTICATED.value[0]
    assert answer.json["message"]


@clause(
    "access.rest.google-envelope",
    MUST,
    "The body of a schedule call's 401 MUST be Google's envelope, with the status UNAUTHENTICATED.",
    source=AIP_193,
    features=("rest", "schedule"),
)
def test_a_refusal_of_googles_is_in_its_envelope(owned: Owned, peer: Peer) -> None:
    answer = CALLS["executions.ScheduleIntegrations"].over_rest(owned, peer.stranger())
    assert answer.status == 401
    error = answer.json.get("error", {})
    assert (error.get("code"), error.get("status")) == (401, "UNAUTHENTICATED")


@clause(
    "access.rest.www-authenticate",
    SHOULD,
    "A 401 SHOULD have a WWW-Authenticate header.",
    source="RFC 9110 section 15.5.2: the server generating a 401 MUST send WWW-Authenticate; the "
    "vendors' pages do not mention it",
    features=("rest",),
)
def test_a_401_says_how_to_authenticate(owned: Owned, peer: Peer) -> None:
    answer = CALLS["triggers.Get"].over_rest(owned, peer.stranger())
    assert answer.status == 401
    assert answer.header("www-authenticate")


# {cut} is the secret without its last character, {swapped} in another case.
WRONG: dict[str, tuple[str, str]] = {
    "empty": ("{scheme}", "that has a scheme and no token"),
    "cut": ("{scheme} {cut}", "whose last character is missing"),
    "longer": ("{scheme} {secret}x", "with one character more"),
    "case": ("{scheme} {swapped}", "in another case"),
    "other-scheme": ("Basic {secret}", "under the scheme Basic"),
    "no-scheme": ("{secret}", "without its scheme"),
    "twice": ("{scheme} {secret},{scheme} {secret}", "that is there twice"),
}


def own(peer: Peer) -> tuple[str, str]:
    authorization = peer.authorization
    assert authorization is not None
    scheme, _, secret = authorization.partition(" ")
    return scheme, secret


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(
            form,
            marks=clause(
                f"access.credential.{name}",
                MUST,
                f"A credential {what} MUST be refused with UNAUTHENTICATED.",
                source=f"{CODE}; RFC 9110 section 11.4: credentials are a scheme and its token",
            ),
        )
        for name, (form, what) in WRONG.items()
    ],
)
def test_a_credential_is_whole(owned: Owned, peer: Peer, form: str) -> None:
    scheme, secret = own(peer)
    wrong = form.format(scheme=scheme, secret=secret, cut=secret[:-1], swapped=secret.swapcase())
    answer = CALLS["triggers.Get"].over_grpc("Get", owned, peer.stranger(wrong))
    expect_error(answer, Code.UNAUTHENTICATED)


@clause(
    "access.credential.scheme-in-another-case",
    SHOULD,
    "The scheme of a credential SHOULD be taken in any case.",
    source="RFC 9110 section 11.1: a case-insensitive token identifies the scheme",
)
def test_a_scheme_is_taken_in_any_case(owned: Owned, peer: Peer) -> None:
    scheme, secret = own(peer)
    caller = peer.stranger(f"{scheme.lower()} {secret}")
    expect_ok(CALLS["triggers.Get"].over_grpc("Get", owned, caller))


@clause(
    "access.rest.authorization",
    MUST,
    "The Authorization header of a request over REST MUST be the caller's credential.",
    source="docs: api-design-guide: `Authorization: Bearer` over REST and gRPC",
    features=("rest",),
)
def test_a_credential_counts_over_rest(owned: Owned, peer: Peer) -> None:
    assert CALLS["triggers.Get"].over_rest(owned, peer).status == 200


Ask = Callable[[Owned, Peer], Any]


def invalid(owned: Owned, caller: Peer) -> Any:
    return caller.triggers.Create(trigger_service_pb2.CreateTriggerRequest(name="Not A Name"))


def unknown(owned: Owned, caller: Peer) -> Any:
    return caller.triggers.Get(
        trigger_service_pb2.GetTriggerRequest(trigger_id=caller.name("nobody"))
    )


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(
            ask,
            marks=clause(
                f"access.before.{name}",
                MUST,
                f"A caller without a credential MUST be refused with UNAUTHENTICATED, {what}.",
                source="AIP-211: 'authorization must be checked before validating the request'",
            ),
        )
        for name, what, ask in (
            ("validation", "and not be told what is wrong with the request", invalid),
            ("existence", "and not be told that something does not exist", unknown),
        )
    ],
)
def test_nobody_learns_anything(owned: Owned, peer: Peer, ask: Ask) -> None:
    expect_error(ask(owned, peer.stranger()), Code.UNAUTHENTICATED)


@clause(
    "access.rest.before.body",
    SHOULD,
    "A caller without a credential SHOULD be refused with 401, also where the body can't be read.",
    source="AIP-211: authorization comes before validation",
    features=("rest",),
)
def test_nobody_learns_what_is_wrong_with_a_body(owned: Owned, peer: Peer) -> None:
    headers = {"Content-Type": "application/json"}
    answer = peer.stranger().rest("POST", "/triggers/v1/triggers", body=b'{"a', headers=headers)
    assert answer.status == 401


def told(parts: Any) -> str:
    return " ".join(str(part) for part in parts)


SECRET = "RFC 6750 section 5.2: tokens must not be revealed; a response is kept by proxies and logs"


@clause(
    "access.secret.wrong",
    MUST,
    "A credential that is refused MUST NOT be in the answer over gRPC.",
    source=SECRET,
)
def test_a_refused_credential_is_not_repeated(owned: Owned, peer: Peer) -> None:
    secret = f"t1.{peer.name('secret')}"
    answer = CALLS["triggers.Get"].over_grpc("Get", owned, peer.stranger(f"Bearer {secret}"))
    expect_error(answer, Code.UNAUTHENTICATED)
    said = told((answer.text, *answer.details, *answer.headers, *answer.trailers))
    assert secret not in said, "the answer repeats the credential"


@clause(
    "access.secret.wrong-over-rest",
    MUST,
    "A credential that is refused MUST NOT be in the answer over REST.",
    source=SECRET,
    features=("rest",),
)
def test_a_refused_credential_is_not_repeated_over_rest(owned: Owned, peer: Peer) -> None:
    secret = f"t1.{peer.name('secret')}"
    answer = CALLS["triggers.Get"].over_rest(owned, peer.stranger(f"Bearer {secret}"))
    assert answer.status == 401
    assert secret not in told((answer.headers, answer.body)), "the answer repeats the credential"


@clause(
    "access.secret.right",
    MUST,
    "A credential that is taken MUST NOT be in an answer, an error or a header.",
    source=SECRET,
)
def test_a_credential_is_not_repeated(owned: Owned, peer: Peer) -> None:
    _, secret = own(peer)
    answers = [
        CALLS["triggers.Get"].over_grpc("Get", owned, peer),
        CALLS["triggers.List"].over_grpc("List", owned, peer),
        invalid(owned, peer),
        unknown(owned, peer),
    ]
    for answer in answers:
        parts = (answer.message, answer.text, *answer.details, *answer.headers, *answer.trailers)
        assert secret not in told(parts), "an answer repeats the credential"


PARAMETERS = "docs: cloud.google.com/apis/docs/system-parameters"


@clause(
    "access.rest.access-token",
    SHOULD,
    "`access_token` in the query of a schedule call SHOULD be the caller's credential.",
    source=PARAMETERS,
    features=("rest", "schedule", "system-parameters"),
)
def test_a_wrong_token_in_the_query_is_refused(owned: Owned, peer: Peer) -> None:
    call = CALLS["executions.ScheduleIntegrations"]
    answer = call.over_rest(owned, peer.stranger(), query="access_token=t1.nobody")
    assert answer.status == 401


@clause(
    "access.rest.secret-in-query",
    MUST,
    "A credential in the query MUST NOT be in the answer.",
    source=SECRET,
    features=("rest", "schedule", "system-parameters"),
)
def test_a_token_in_the_query_is_not_repeated(owned: Owned, peer: Peer) -> None:
    secret = f"t1.{peer.name('secret')}"
    call = CALLS["executions.ScheduleIntegrations"]
    answer = call.over_rest(owned, peer.stranger(), query=f"access_token={secret}")
    assert secret not in told((answer.headers, answer.body)), "the answer repeats the credential"
