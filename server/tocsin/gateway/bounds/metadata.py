"""Refuses headers of REST that gRPC would read as its own and could not parse.

To gRPC, a header whose name ends in `-bin` is base64, and those that begin with `grpc-` say how a
call is made (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). The gRPC server
answers malformed ones with INTERNAL, which would blame the server for what the client sent.
"""

from tocsin.gateway.typed import Json, typed

_CHECK = "tocsin.metadata"

CHECKED = {_CHECK: typed("config.route.v3", "FilterConfig", config={})}
"""What the filters do on a route of REST; on others they do nothing."""

# Of the headers of gRPC itself, a client of REST has a use for the deadline alone. Nothing here
# reads binary headers, and gRPC refuses some that are base64, so they go no further.
_SCRIPT = r"""
local HARMLESS = {["grpc-accept-encoding"]=true, ["grpc-status"]=true, ["grpc-message"]=true}
function envoy_on_request(request)
  local binary = {}
  for name, value in pairs(request:headers()) do
    local wrong
    if name:sub(-4) == "-bin" then
      wrong = not value:match("^[%w+/, ]*=*$") and "expected base64, as its name ends in -bin"
      binary[#binary + 1] = name
    elseif name == "grpc-timeout" then
      wrong = not value:match("^%d%d?%d?%d?%d?%d?%d?%d?[HMSmun]$")
        and "expected up to 8 digits and a unit of H, M, S, m, u or n, such as 30S"
    elseif name:sub(1, 5) == "grpc-" and not HARMLESS[name] then
      wrong = "a call over REST has no such header"
    end
    if wrong then
      local shown = name:sub(1, 64):gsub("[^%w_.-]", "?")
      request:respond({[":status"] = "400"}, "Header " .. shown .. ": " .. wrong)
      return
    end
  end
  for _, name in ipairs(binary) do request:headers():remove(name) end
end
"""


def checking_filter() -> Json:
    """Answers 400 to headers that gRPC could not parse."""
    source = {"inline_string": _SCRIPT}
    lua = typed("extensions.filters.http.lua.v3", "Lua", default_source_code=source)
    return {"name": _CHECK, "typed_config": lua, "disabled": True}
