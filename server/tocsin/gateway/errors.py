"""Gives errors over REST the vendor's envelope: the errors of gRPC, and those of Envoy itself.

The transcoder prints an error of the gRPC server as a bare google.rpc.Status; on Google's paths a
short script wraps it. What gRPC itself refuses, in the server's place, has neither details nor an
id: a script adds them. Errors that Envoy answers by itself (unknown route, bad JSON, body too
large, server down) are written whole, in the right envelope, from the start.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from google.rpc import code_pb2

from tocsin.access import doors
from tocsin.contract.routes import Envelope
from tocsin.gateway import otlp
from tocsin.gateway.bounds import metadata
from tocsin.gateway.settings import Limits
from tocsin.gateway.typed import Json

# The gRPC codes of the HTTP statuses that Envoy itself answers with: google/rpc/code.proto read
# backwards. Statuses that it lacks get a code that clients don't retry blindly.
_LOCAL_CODES: Mapping[int, int] = {
    400: code_pb2.INVALID_ARGUMENT,
    401: code_pb2.UNAUTHENTICATED,
    403: code_pb2.PERMISSION_DENIED,
    404: code_pb2.NOT_FOUND,
    408: code_pb2.DEADLINE_EXCEEDED,
    405: code_pb2.UNIMPLEMENTED,
    409: code_pb2.ABORTED,
    413: code_pb2.INVALID_ARGUMENT,
    415: code_pb2.INVALID_ARGUMENT,
    426: code_pb2.FAILED_PRECONDITION,
    429: code_pb2.RESOURCE_EXHAUSTED,
    431: code_pb2.INVALID_ARGUMENT,
    501: code_pb2.UNIMPLEMENTED,
    502: code_pb2.UNAVAILABLE,
    503: code_pb2.UNAVAILABLE,
    504: code_pb2.DEADLINE_EXCEEDED,
}

# To a gRPC call, where Envoy's own translation has no fitting code (its docs: gRPC statuses).
_GRPC_CODES: Mapping[int, int] = {
    408: code_pb2.DEADLINE_EXCEEDED,
    413: code_pb2.RESOURCE_EXHAUSTED,
    429: code_pb2.RESOURCE_EXHAUSTED,
    431: code_pb2.RESOURCE_EXHAUSTED,
}

# Each error of the server has details. The client's id is known here because the route puts it into
# the response (`routes.py`).
_WHOLE_ERROR = r"""
local REASONS = {@REASONS@}
local function new_id()
  local random = assert(io.open("/dev/urandom", "rb"))
  local bytes = random:read(16)
  random:close()
  local digits = bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
  return digits:sub(1, 8) .. "-" .. digits:sub(9, 12) .. "-4" .. digits:sub(14, 16) .. "-a"
    .. digits:sub(18, 20) .. "-" .. digits:sub(21)
end
local function whole_error(response, http, status)
  if status:find('"details":[{', 1, true) or not status:find('^{"code":%d.*}$') then
    return status
  end
  http, status = clients_error(http, status)
  local headers = response:headers()
  local id = headers:get("x-request-id") or new_id()
  headers:replace(":status", http)
  headers:replace("x-request-id", id)
  local function escaped(byte) return ("\\u%04x"):format(byte:byte()) end
  local written = id:gsub('[%c"\\\128-\255]', escaped)
  local variables = {REASON = REASONS[http] or "@OTHER@", ID = written}
  local details = ('@DETAILS@'):gsub("@(%u+)@", variables)
  return status:gsub(',"details":%[%]}$', "}"):sub(1, -2) .. ',"details":' .. details .. "}"
end
"""

_WHOLE_STATUS = """
function envoy_on_response(response)
  local http = response:headers():get(":status")
  if tonumber(http) < 400 then return end
  local body = response:body(true)
  body:setBytes(whole_error(response, http, body:getBytes(0, body:length())))
end
"""

# `@NAMES@` is the table of code names. The transcoder prints a status without white space and with
# its fields in order, so a pattern can take the leading code off; no JSON parser is needed.
_WRAP_STATUS = r"""
local NAMES = {@NAMES@}
local function text_at(json, from)
  local at = from + 1
  while true do
    local mark = json:find('["\\]', at)
    if mark == nil then return '""' end
    if json:byte(mark) == 34 then return json:sub(from, mark) end
    at = mark + 2
  end
end
local function legacy_errors(response, rest)
  local members = response:headers():get("@LEGACY@")
  if members == nil then return "" end
  response:headers():remove("@LEGACY@")
  local _, from = rest:find('^,"message":"')
  local message = from and text_at(rest, from) or '""'
  return ',"errors":[{"message":' .. message .. "," .. members .. "}]"
end
function envoy_on_response(response)
  local http = response:headers():get(":status")
  if tonumber(http) < 400 then return end
  local body = response:body(true)
  local status = body:getBytes(0, body:length())
  if status:sub(1, 9) == '{"error":' then return end
  status = whole_error(response, http, status)
  http = response:headers():get(":status")
  local code, rest = status:match('^{"code":(%d+)(.*)}$')
  local name = NAMES[tonumber(code or response:headers():get("grpc-status"))] or "UNKNOWN"
  response:headers():replace("content-type", "application/json")
  rest = rest or ""
  local first = '{"error":{"code":' .. http .. legacy_errors(response, rest)
  body:setBytes(first .. ',"status":"' .. name .. '"' .. rest .. "}}")
end
"""

SAYS_GRPC_SCRIPT = """
function envoy_on_response(response)
  local headers = response:headers()
  local said = headers:get("grpc-message")
  if said == nil then return end
  headers:replace(":status", "415")
  headers:replace("content-type", "application/json")
  headers:remove("grpc-status")
  headers:remove("grpc-message")
  local function character(code) return string.char(tonumber(code, 16)) end
  local body = said:gsub("%%(%x%x)", character)
  response:body(true):setBytes(body)
end
"""
"""The Lua source that answers a request over REST which says that it is gRPC.

Envoy answers a call of gRPC with 200, and with its error in a header, percent-encoded.
"""

NOT_JSON = "Content-Type must be application/json."


def _on_path(pattern: str) -> Json:
    header: Json = {"name": ":path", "string_match": {"safe_regex": {"regex": pattern}}}
    return {"header_filter": {"header": header}}


# Names of what Envoy refuses by itself, for programs.
_REASONS: Mapping[int, str] = {
    400: "MALFORMED_REQUEST",
    403: "PAGE_OR_HOST_REFUSED",
    404: "METHOD_NOT_FOUND",
    405: "VERB_NOT_ALLOWED",
    408: "REQUEST_LATE",
    413: "REQUEST_TOO_LARGE",
    415: "ENCODING_NOT_SUPPORTED",
    426: "HTTP_VERSION_NOT_SERVED",
    429: "OVERLOADED",
    431: "HEADERS_TOO_LARGE",
    503: "SERVER_UNAVAILABLE",
    504: "ANSWER_LATE",
}
_OTHER_REASON = "GATEWAY_ERROR"

# As in the first version of Google's format of errors (`wire/rest/legacy_errors.py`).
_LEGACY_REASONS: Mapping[int, str] = {
    401: "authError",
    403: "forbidden",
    404: "notFound",
    405: "notImplemented",
    409: "aborted",
    429: "rateLimitExceeded",
    501: "notImplemented",
}
_ASKS_FOR_ERRORS = _on_path(r".*[?&](\$|%24)\.xgafv=1(&.*)?")

# A new id, which the client's replaces. The body is written after these, and names what they have.
_REQUEST_ID: list[Json] = [
    {
        "header": {"key": "x-request-id", "value": value},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }
    for value in ("%UNIQUE_ID%", "%REQ(X-REQUEST-ID):64%")
]

_GRPC: Json = {"name": "content-type", "string_match": {"prefix": "application/grpc"}}
# A transcoded REST call looks like gRPC too, but the transcoder keeps its path in this header.
_NOT_TRANSCODED: Json = {
    "name": "x-envoy-original-path",
    "present_match": True,
    "invert_match": True,
}


# The server has written this refusal, as it writes all others (`gate/header_check.py`).
_WRITTEN_BY_SERVER: Json = {
    "filter": {"response_flag_filter": {"flags": ["UAEX"]}},
    "body_format_override": {"text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"}},
}


def whole_error_function(limits: Limits) -> str:
    """Returns the Lua function `whole_error(response, http, status)`, for other scripts.

    It takes a response, its HTTP status and its JSON. If that is an error of gRPC itself, it gives
    the response an id, and the HTTP status that the error should have. It returns the JSON with all
    details.
    """
    source = _WHOLE_ERROR.replace(
        "@REASONS@", ",".join(f'["{http}"]="{reason}"' for http, reason in _REASONS.items())
    )
    details = json.dumps(_details("@REASON@", "@ID@"), separators=(",", ":"))
    source = source.replace("@OTHER@", _OTHER_REASON).replace("@DETAILS@", details)
    return metadata.function(limits) + source


def whole_status_script(whole_error: str) -> str:
    """Returns the Lua source that completes a printed google.rpc.Status."""
    return whole_error + _WHOLE_STATUS


def wrap_status_script(whole_error: str) -> str:
    """Returns the Lua source that puts a printed google.rpc.Status into Google's envelope."""
    names = ",".join(f'[{code}]="{name}"' for name, code in code_pb2.Code.items())
    script = _WRAP_STATUS.replace("@NAMES@", names).replace("@LEGACY@", doors.LEGACY_ERROR)
    return whole_error + script


def path_pattern(names: Iterable[str]) -> str:
    """Returns a regular expression (RE2, whole match) for the paths below the top segments.

    The empty segment stands for the path `/` alone.
    """
    segments = [*names]
    below = f"/({'|'.join(re.escape(name) for name in segments if name)})([/:?].*)?"
    return rf"/(\?.*)?|{below}" if "" in segments else below


OTHER_VERSIONS = "/v[0-9]+((alpha|beta)[0-9]*)?([/:?].*)?"
"""The paths of all versions of an API of Google's, such as `v2` and `v1beta1`."""

DOMAIN = "tocsin"
"""The domain of reasons, as in the server's errors."""

LOCAL_TEXT = "%LOCAL_REPLY_BODY%"
"""Envoy's own words."""


def _text(http: int, limits: Limits) -> str:
    """Returns Envoy's own words for a status, with the limit where one was passed."""
    if http == 413:
        return _too_large(limits.body_bytes)
    if http == 426:
        return f"{LOCAL_TEXT}: use HTTP/1.1 or HTTP/2 (nginx: proxy_http_version 1.1)"
    if http == 431:
        return (
            f"{LOCAL_TEXT}: headers larger than max ({limits.headers_kib} KiB), or too many of them"
        )
    if http == 429:
        return f"{LOCAL_TEXT}: too many refused calls came from your address"
    return LOCAL_TEXT


def _too_large(most: int) -> str:
    return f"{LOCAL_TEXT}: a body larger than max ({most} bytes)"


def local_reply_mappers(
    google_paths: Sequence[str],
    limits: Limits,
    public_paths: Iterable[str] = (),
    otlp_paths: Sequence[str] = (),
) -> Iterator[Json]:
    """Yields Envoy's ResponseMappers, which turn its own answers into JSON; the first match wins.

    A gRPC call gets a status instead, whose message is the text that would be the body.

    Args:
        google_paths: regular expressions (RE2) for the paths that get Google's envelope.
        limits: what the texts tell of.
        public_paths: the paths where bodies may be of `public_bytes` only.
        otlp_paths: the paths that get a bare status, though they stand among Google's.
    """
    for http, code in _GRPC_CODES.items():
        status: Json = {"header": {"key": "grpc-status", "value": str(code)}}
        where, by_server = _status("EQ", http), _WRITTEN_BY_SERVER["filter"]
        for mapper in (
            _grpc_mapper(LOCAL_TEXT, where, by_server),
            _grpc_mapper(_text(http, limits), where),
        ):
            yield {**mapper, "headers_to_add": [*_REQUEST_ID, status]}
    yield _grpc_mapper(LOCAL_TEXT)
    yield _WRITTEN_BY_SERVER
    for path in public_paths:
        named: Json = {"name": ":path", "string_match": {"prefix": path}}
        text = _too_large(limits.public_bytes)
        small = [_status("EQ", 413), {"header_filter": {"header": named}}]
        yield _mapper(Envelope.STATUS, code_pb2.INVALID_ARGUMENT, _REASONS[413], text, small)
    if otlp_paths:
        yield from _otlp_mappers(limits, otlp.path_filter(otlp_paths))
    for on_path in map(_on_path, google_paths):
        yield from _mappers(Envelope.GOOGLE, limits, on_path, _ASKS_FOR_ERRORS, legacy=True)
        yield from _mappers(Envelope.GOOGLE, limits, on_path)
    yield from _mappers(Envelope.STATUS, limits)


def _grpc_mapper(text: str, *where: Json) -> Json:
    is_call = (
        {"header_filter": {"header": _GRPC}},
        {"header_filter": {"header": _NOT_TRANSCODED}},
        # 415 goes only to what says over REST that it is gRPC, in JSON as all of REST.
        _status("NE", 415),
    )
    return {
        "headers_to_add": _REQUEST_ID,
        "filter": {"and_filter": {"filters": [*is_call, *where]}},
        "body_format_override": {"text_format_source": {"inline_string": text}},
    }


def _otlp_mappers(limits: Limits, on_path: Json) -> Iterator[Json]:
    """Yields the mappers of OTLP; exporters wait as long as `Retry-After` says."""
    later: Json = {"header": {"key": "retry-after", "value": str(otlp.RETRY_SECONDS)}}
    for http in (429, 503):
        mapper = _mapper(
            Envelope.STATUS,
            _LOCAL_CODES[http],
            _REASONS[http],
            _text(http, limits),
            [_status("EQ", http), on_path],
        )
        yield {**mapper, "headers_to_add": [*_REQUEST_ID, later]}
    yield from _mappers(Envelope.STATUS, limits, on_path)


def _unlike(name: str, pattern: str) -> Json:
    """Returns the filter of requests that have a header, but with another value."""
    match: Json = {"string_match": {"safe_regex": {"regex": pattern}}, "invert_match": True}
    return {"header_filter": {"header": {"name": name, **match}}}


def _has(name: str, *, lacks: bool = False) -> Json:
    """Returns the filter of requests that have a header, or that lack it."""
    return {
        "header_filter": {"header": {"name": name, "present_match": True, "invert_match": lacks}}
    }


# Of what is not HTTP at all Envoy keeps no header.
_NO_HOST: Json = {"and_filter": {"filters": [_has(":method"), _has(":authority", lacks=True)]}}


# What Envoy refuses without words of its own: by the status and a filter, the reason and the text.
_WORDLESS: Sequence[tuple[int, Json, str, str]] = (
    (
        400,
        _on_path(".*#.*"),
        _REASONS[400],
        "The path of the URL may not hold a fragment; write # as %%23",
    ),
    (
        400,
        _unlike(":method", "GET|HEAD|POST|PATCH|PUT|DELETE|OPTIONS"),
        _REASONS[400],
        "No method has this verb: use GET, POST, PATCH, PUT or DELETE.",
    ),
    (400, _NO_HOST, _REASONS[400], "The request must have the header Host."),
    (
        403,
        _has("upgrade"),
        "UPGRADE_REFUSED",
        "No connection is upgraded to another protocol; leave the header Upgrade out.",
    ),
    (404, _unlike(":path", "/.*"), _REASONS[404], "The path must begin with a slash."),
    *(
        (404, _on_path(f"/v[12](alpha)?/projects/[^?]*{path}([?].*)?"), _REASONS[404], text)
        for path, text in (
            (
                "/suspensions([/:][^?]*)?",
                "Executions are never suspended here: no task waits for an approval. Use "
                "executions.cancel or executions.replay.",
            ),
            (
                ":takeoverEditLock",
                "Versions have no edit locks here: change a draft with versions.patch.",
            ),
            (
                "/testCases([/:][^?]*)?",
                "Versions have no test cases here: use versions.test or integrations.test.",
            ),
            (
                ":troubleshoot",
                "Executions are not troubleshot here: executions.get of v1 says why one failed.",
            ),
        )
    ),
)


def _mappers(
    envelope: Envelope, limits: Limits, *where: Json, legacy: bool = False
) -> Iterator[Json]:
    """Yields the mappers of one envelope; `legacy`: with the list `errors` of Google's."""
    for http, which, reason, text in _WORDLESS:
        more = _legacy(http, text) if legacy else {}
        body = _body(envelope, _LOCAL_CODES[http], reason, text, more)
        yield _mapper_of(body, [_status("EQ", http), which, *where])
    for http, code in _LOCAL_CODES.items():
        reason, text = _REASONS.get(http, _OTHER_REASON), _text(http, limits)
        body = _body(envelope, code, reason, text, _legacy(http, text) if legacy else {})
        yield _mapper_of(body, [_status("EQ", http), *where])
    for http, code in ((500, code_pb2.INTERNAL), (400, code_pb2.FAILED_PRECONDITION)):
        more = _legacy(http, LOCAL_TEXT) if legacy else {}
        body = _body(envelope, code, _OTHER_REASON, LOCAL_TEXT, more)
        yield _mapper_of(body, [_status("GE", http), *where])


def _legacy(http: int, message: str) -> Json:
    other = "badRequest" if http < 500 else "backendError"
    reason = _LEGACY_REASONS.get(http, other)
    return {"errors": [{"message": message, "domain": "global", "reason": reason}]}


def _status(operator: str, http: int) -> Json:
    value = {"default_value": http, "runtime_key": "none"}  # Envoy demands a key
    return {"status_code_filter": {"comparison": {"op": operator, "value": value}}}


def _mapper(envelope: Envelope, code: int, reason: str, text: str, filters: list[Json]) -> Json:
    return _mapper_of(_body(envelope, code, reason, text, {}), filters)


def _mapper_of(body: Json, filters: list[Json]) -> Json:
    return {
        "filter": filters[0] if len(filters) == 1 else {"and_filter": {"filters": filters}},
        "headers_to_add": _REQUEST_ID,
        "body_format_override": {"json_format": body},
    }


def _body(envelope: Envelope, code: int, reason: str, message: str, more: Json) -> Json:
    """Returns the JSON of an error; `more` are further members in Google's envelope."""
    details = _details(reason, "%RESP(X-REQUEST-ID)%")
    if envelope is Envelope.STATUS:
        return {"code": code, "message": message, "details": details}
    name = code_pb2.Code.Name(code)
    error = {"code": "%RESPONSE_CODE%", "message": message, "status": name, "details": details}
    return {"error": {**error, **more}}


def _details(reason: str, request_id: str) -> list[Json]:
    prefix = "type.googleapis.com/google.rpc."
    return [
        {"@type": f"{prefix}ErrorInfo", "reason": reason, "domain": DOMAIN, "metadata": {}},
        {"@type": f"{prefix}RequestInfo", "requestId": request_id},
    ]
