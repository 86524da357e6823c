"""The parameters that every call of a Google API may have in its URL or headers."""

import json
from typing import Any

import pytest

from tocsin.conformance.checks.schedule.scheduler import NEVER_TEXT, Scheduler
from tocsin.conformance.clauses import MAY, MUST, SHOULD, clause
from tocsin.conformance.expecting import expect_rest_ok

pytest_plugins = ["tocsin.conformance.checks.schedule.fixtures"]

PAGE = "docs: cloud.google.com/apis/docs/system-parameters"
DISCOVERY = "discovery document integrations v1, parameters"
NEEDS = ("rest", "system-parameters")

TAKEN: dict[str, tuple[str, str]] = {
    "alt": ("alt=json", f"{DISCOVERY}.alt"),
    "dollar-alt": ("%24alt=json", PAGE),
    "enum-encoding": (
        "%24alt=json%3Benum-encoding%3Dint",
        f"{PAGE}; sent by REST clients of gapic",
    ),
    "pretty-print": ("prettyPrint=false", f"{DISCOVERY}.prettyPrint"),
    "quota-user": ("quotaUser=conformance", f"{DISCOVERY}.quotaUser"),
    "upload-type": ("uploadType=media", f"{DISCOVERY}.uploadType"),
    "upload-protocol": ("upload_protocol=raw", f"{DISCOVERY}.upload_protocol"),
    "xgafv-1": ("%24.xgafv=1", f"{DISCOVERY}.$.xgafv"),
    "xgafv-2": ("%24.xgafv=2", f"{DISCOVERY}.$.xgafv"),
    "fields": ("fields=executionInfoIds", f"{DISCOVERY}.fields"),
    "fields-star": ("fields=*", f"{DISCOVERY}.fields"),
    "several": ("alt=json&prettyPrint=false&%24.xgafv=2", f"{DISCOVERY}: as its clients send them"),
}


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(
            query,
            marks=clause(
                f"schedule.system-parameter.{name}",
                MUST,
                f"A schedule call with `{query.replace('%24', '$')}` in its query MUST be taken, "
                "though its body has all fields.",
                source=source,
                features=NEEDS,
            ),
        )
        for name, (query, source) in TAKEN.items()
    ],
)
def test_a_parameter_of_every_call_is_taken(scheduler: Scheduler, query: str) -> None:
    assert scheduler.rest_ids({}, query=query)


HEADERS: dict[str, tuple[str, str]] = {
    "api-client": ("x-goog-api-client", "gl-python/3.11 rest/1 gapic/1"),
    "request-params": ("x-goog-request-params", "name=projects%2Fp"),
    "user-project": ("X-Goog-User-Project", "conformance"),
    "request-reason": ("X-Goog-Request-Reason", "conformance"),
    "quota-user": ("X-Goog-Quota-User", "conformance"),
    "server-timeout": ("X-Server-Timeout", "30"),
}


@pytest.mark.parametrize(
    ("header", "value"),
    [
        pytest.param(
            header,
            value,
            marks=clause(
                f"schedule.system-header.{name}",
                MUST,
                f"A schedule call with the header {header} MUST be taken.",
                source=PAGE,
                features=NEEDS,
            ),
        )
        for name, (header, value) in HEADERS.items()
    ],
)
def test_a_header_of_every_call_is_taken(scheduler: Scheduler, header: str, value: str) -> None:
    body: dict[str, Any] = {"triggerId": scheduler.peer.trigger_id, "scheduleTime": NEVER_TEXT}
    answer = scheduler.peer.rest(
        "POST",
        f"/v1/{scheduler.peer.integration}:schedule",
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", header: value},
    )
    scheduler.forget(expect_rest_ok(answer)["executionInfoIds"])


@clause(
    "schedule.system-parameter.fields-cut",
    SHOULD,
    "`fields` SHOULD cut an answer down to the fields that it names.",
    source=f"{DISCOVERY}.fields: 'which fields to include in a partial response'",
    features=(*NEEDS, "google-operations"),
)
def test_an_answer_is_cut_down(scheduler: Scheduler) -> None:
    name = scheduler.name(scheduler.one())
    whole = expect_rest_ok(scheduler.peer.rest("GET", f"/v1/{name}"))
    assert set(whole) > {"name"}
    assert expect_rest_ok(scheduler.peer.rest("GET", f"/v1/{name}?fields=name")) == {"name": name}


@clause(
    "schedule.system-parameter.fields-unknown",
    SHOULD,
    "`fields` with a path that does not exist SHOULD be refused with 400, and nothing scheduled.",
    source="live Google APIs: \"Error expanding 'fields' parameter. Cannot find matching fields\"",
    features=NEEDS,
)
def test_an_unknown_mask_is_refused(scheduler: Scheduler) -> None:
    request_id = scheduler.peer.name("c")
    answer = scheduler.rest({"requestId": request_id}, query="fields=noSuchField")
    assert answer.status == 400


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(
            query,
            marks=clause(
                f"schedule.system-parameter.{name}",
                SHOULD,
                f"A schedule call with `{query.replace('%24', '$')}` SHOULD be refused with 400.",
                source=source,
                features=NEEDS,
            ),
        )
        for name, query, source in (
            ("alt-unknown", "alt=xml", "live Google APIs: INVALID_ARGUMENT for an unknown alt"),
            ("alt-media", "alt=media", "live Google APIs: 'Unsupported alt type \"media\"'"),
            ("xgafv-unknown", "%24.xgafv=3", "live Google APIs: 400 for another error format"),
            ("unknown", "nope=1", "live Google APIs: 'Unknown name \"nope\"'"),
        )
    ],
)
def test_what_google_refuses_is_refused(scheduler: Scheduler, query: str) -> None:
    assert scheduler.rest({}, query=query).status == 400


@clause(
    "schedule.system-parameter.callback",
    MAY,
    "`callback` MAY be refused; known answers are a script (Google) and 400.",
    source=f"{DISCOVERY}.callback: 'JSONP'",
    features=NEEDS,
)
def test_a_callback_is_called_or_refused(scheduler: Scheduler) -> None:
    body = {"triggerId": scheduler.peer.trigger_id, "scheduleTime": NEVER_TEXT}
    path = f"/v1/{scheduler.peer.integration}:schedule?callback=cb"
    answer = scheduler.peer.rest("POST", path, json=body)
    assert answer.status in (200, 400)
    if answer.status == 200:
        assert answer.body.startswith(b"// API callback") or answer.json
