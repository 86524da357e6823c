"""Routes OTLP over HTTP, and gives its errors the encoding of the request.

The specification wants an error to be a bare google.rpc.Status in the encoding of the request. The
transcoder and Envoy write it in JSON; for requests in protobuf a short script turns it over. Its
`details` stay behind: clients of OTLP read the status and `Retry-After` alone.
https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
"""

from collections.abc import Iterable, Iterator

from tocsin.gateway.typed import Json, typed

STATUS_IN_PROTOBUF = "status_in_protobuf"
"""The name of the script for responses to requests in protobuf."""

RETRY_SECONDS = 1
"""What `Retry-After` says where Envoy itself answers 429 or 503."""

PROTOBUF: Json = {
    "name": "content-type",
    "string_match": {"safe_regex": {"regex": r"(?i)application/x-protobuf\s*(;.*)?"}},
}
JSON: Json = {
    "name": "content-type",
    "string_match": {"safe_regex": {"regex": r"(?i)application/json\s*(;.*)?"}},
}
_NOT_POST: Json = {
    "name": ":method",
    "string_match": {"exact": "POST"},
    "invert_match": True,
}

# `status` is JSON of one line: `{"code":3,"message":"…","details":[…]}`, in any order.
_SCRIPT = r"""
local ESCAPES = {b = "\b", f = "\f", n = "\n", r = "\r", t = "\t"}
local function utf8(code)
  if code < 0x80 then return string.char(code) end
  local tail = ""
  local first = 0x40
  while code >= first do
    tail = string.char(0x80 + code % 0x40) .. tail
    code = math.floor(code / 0x40)
    first = first / 2
  end
  return string.char(256 - first * 2 + code) .. tail
end
local function escaped(text, at)
  local code = tonumber(text:sub(at + 2, at + 5), 16) or 0xFFFD
  if code < 0xD800 or code > 0xDFFF then return utf8(code), at + 6 end
  local low = tonumber(text:match("^\\u(%x%x%x%x)", at + 6) or "", 16)
  if low == nil then return utf8(0xFFFD), at + 6 end
  return utf8(0x10000 + (code - 0xD800) * 0x400 + low - 0xDC00), at + 12
end
local function text_from(status, at)
  local parts = {}
  while true do
    local mark = status:find('["\\]', at)
    if mark == nil then return table.concat(parts) .. status:sub(at) end
    parts[#parts + 1] = status:sub(at, mark - 1)
    if status:sub(mark, mark) == '"' then return table.concat(parts) end
    local kind = status:sub(mark + 1, mark + 1)
    if kind == "u" then
      parts[#parts + 1], at = escaped(status, mark)
    else
      parts[#parts + 1], at = ESCAPES[kind] or kind, mark + 2
    end
  end
end
local function varint(number)
  local bytes = ""
  while number >= 128 do
    bytes = bytes .. string.char(128 + number % 128)
    number = math.floor(number / 128)
  end
  return bytes .. string.char(number)
end
function envoy_on_response(response)
  local http = response:headers():get(":status")
  if tonumber(http) < 400 then return end
  local body = response:body(true)
  local status = body:getBytes(0, body:length())
  status = whole_error(response, http, status)
  local _, found = status:find('"message":%s*"')
  local message = found and text_from(status, found + 1) or status
  local code = tonumber(status:match('"code":%s*(%d+)') or 2)
  response:headers():replace("content-type", "application/x-protobuf")
  body:setBytes("\8" .. varint(code) .. "\18" .. varint(#message) .. message)
end
"""


def scripts(whole_error: str) -> Json:
    """Returns the script, by its name; `whole_error` is the source of that Lua function."""
    return {STATUS_IN_PROTOBUF: {"inline_string": whole_error + _SCRIPT}}


def script_filter() -> Json:
    """Returns the setting of the script's filter on a route of requests in protobuf."""
    return typed("extensions.filters.http.lua.v3", "LuaPerRoute", name=STATUS_IN_PROTOBUF)


def wrong_verbs(path: str, script: Json) -> Iterator[Json]:
    """Yields the routes that answer 405 to all but POST; `script` is for those in protobuf."""
    for headers, filters in (([PROTOBUF], script), ([], {})):
        yield {
            "match": {"path": path, "headers": [_NOT_POST, *headers]},
            "direct_response": {
                "status": 405,
                "body": {"inline_string": "The method must be POST."},
            },
            "response_headers_to_add": [{"header": {"key": "allow", "value": "POST"}}],
            "typed_per_filter_config": filters,
        }


def wrong_encoding(path: str) -> Json:
    """Returns the route that answers 415; it must follow those of the known encodings."""
    text = "Content-Type must be application/x-protobuf or application/json."
    return {
        "match": {"path": path},
        "direct_response": {"status": 415, "body": {"inline_string": text}},
    }


def path_filter(paths: Iterable[str]) -> Json:
    """Returns a filter of Envoy's answers that matches these paths, with a query or without."""
    pattern = f"({'|'.join(paths)})(\\?.*)?"
    header: Json = {"name": ":path", "string_match": {"safe_regex": {"regex": pattern}}}
    return {"header_filter": {"header": header}}
