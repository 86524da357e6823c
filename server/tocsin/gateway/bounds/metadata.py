"""Answers 400 or 431 over REST to headers that the gRPC server refuses.

To gRPC, a header whose name ends in `-bin` is base64, some that begin with `grpc-` say how a call
is made, and names have fewer characters than in HTTP
(https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). The gRPC server answers what it
can't read with INTERNAL, which would blame the server for what the client sent. So its refusals are
known by their texts here; a script that looks at each request's headers costs ten times as much.
"""

from tocsin.gateway.settings import Limits
from tocsin.gateway.typed import Json, typed

CLIENTS_ERROR = "clients_error"
"""The name of the script for responses."""

_FUNCTION = r"""
local function clients_error(http, status)
  if http == "500" then
    local rest = status:match("^{\"code\":13,(\"message\":\"Error parsing '.*)$")
      or status:match("^{\"code\":13,(\"message\":\"Illegal header .*)$")
    if rest == nil then return http, status end
    rest = rest:gsub("Error parsing '(.-)' metadata", "Header %1 can't be read", 1)
    return "400", '{"code":3,' .. rest
  elseif http == "429" and status:match('^{"code":8,"message":"received metadata size exceeds') then
    return "431", '{"code":3,"message":"@TOO_LARGE@"@DETAILS@}'
  end
  return http, status
end
"""

_SCRIPT = r"""
function envoy_on_response(response)
  local http = response:headers():get(":status")
  if http ~= "500" and http ~= "429" then return end
  local body = response:body(true)
  local status = body:getBytes(0, body:length())
  local theirs, said = clients_error(http, status)
  if theirs == http then return end
  response:headers():replace(":status", theirs)
  body:setBytes(said)
end
"""


def function(limits: Limits, *, details: bool = True) -> str:
    """Returns the Lua function `clients_error(http, status)`.

    It takes the HTTP status and the JSON of a response, and returns both as they should be.
    `details` says whether that JSON has empty fields.
    """
    text = f"Request headers larger than max ({limits.headers_kib} KiB)"
    script = _FUNCTION.replace("@TOO_LARGE@", text)
    return script.replace("@DETAILS@", ',"details":[]' if details else "")


def scripts(limits: Limits) -> Json:
    """Returns the script, by its name."""
    return {CLIENTS_ERROR: {"inline_string": function(limits) + _SCRIPT}}


def script_filter() -> Json:
    """Returns the setting of the script's filter on a route of REST."""
    return typed("extensions.filters.http.lua.v3", "LuaPerRoute", name=CLIENTS_ERROR)
