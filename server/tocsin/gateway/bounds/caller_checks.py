"""Lets Envoy ask who calls before it reads the body of a request that would cost it much.

The server checks the caller by the headers alone (`gate/header_check.py`). Small requests are not
asked about: the gate checks them when they arrive.
"""

from tocsin.access import doors
from tocsin.access.webhook_proofs import SIGNED_HEADERS
from tocsin.gateway.settings import Limits
from tocsin.gateway.typed import Json, typed

CLUSTER = "checks"
"""The cluster of the server that is asked."""

_CHECK = "tocsin.caller"
_SECONDS = 10
# Those of a session, too: the page sends them (`wire/rest/browsers.py`).
_OF_PAGES = ("cookie", "origin", "sec-fetch-site", "tocsin-console")
_OF_CALLERS = ("authorization", "content-type", "x-goog-api-key", "x-request-id")
_READ = (*_OF_CALLERS, *_OF_PAGES, *SIGNED_HEADERS)

CHECKED = {_CHECK: typed("config.route.v3", "FilterConfig", config={})}
"""What the filters do on a route whose callers are checked; on others they do nothing."""

WITHOUT_CREDENTIAL: Json = {"name": "authorization", "present_match": True, "invert_match": True}
"""Matches a request that has no credential."""


def heavy(limits: Limits) -> list[list[Json]]:
    """Returns the headers of plain requests whose callers are checked, kind by kind."""
    digits = len(str(limits.checked_bytes))
    return [
        [_matching("content-length", f"[0-9]{{{digits},}}")],
        # Over HTTP/1 it is chunked, over HTTP/2 it just has no length.
        [_matching(":method", "POST|PUT|PATCH"), _absent("content-length")],
    ]


def checking_filter() -> Json:
    """Returns the filter that asks. It must stand before those that read a body."""
    package = "extensions.filters.http.ext_authz.v3"
    authz = typed(
        package,
        "ExtAuthz",
        transport_api_version="V3",
        grpc_service={
            "envoy_grpc": {"cluster_name": CLUSTER},
            "timeout": f"{_SECONDS}s",
            "initial_metadata": [
                {"key": doors.PEER, "value": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"}
            ],
        },
        allowed_headers={"patterns": [{"exact": name} for name in _READ]},
        # The gate asks everybody again.
        failure_mode_allow=True,
    )
    return {"name": _CHECK, "typed_config": authz, "disabled": True}


def _matching(name: str, pattern: str) -> Json:
    return {"name": name, "string_match": {"safe_regex": {"regex": pattern}}}


def _absent(name: str) -> Json:
    return {"name": name, "present_match": True, "invert_match": True}
