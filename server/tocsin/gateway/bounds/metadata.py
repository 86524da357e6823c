"""Answers 400 or 431 over REST to headers that the gRPC server refuses.

To gRPC, a header whose name ends in `-bin` is base64, some that begin with `grpc-` say how a call
is made, and names have fewer characters than in HTTP
(https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). The gRPC server answers what it
can't read with INTERNAL, which would blame the server for what the client sent. So its refusals are
known by their texts here; a script that looks at each request's headers costs ten times as much.
"""

from tocsin.gateway.settings import Limits

_FUNCTION = r"""
local function clients_error(http, status)
  if http == "500" then
    local rest = status:match("^{\"code\":13,(\"message\":\"Error parsing '.*)$")
      or status:match("^{\"code\":13,(\"message\":\"Illegal header .*)$")
    if rest == nil then return http, status end
    rest = rest:gsub("Error parsing '(.-)' metadata", "Header %1 can't be read", 1)
    return "400", '{"code":3,' .. rest
  elseif http == "429" and status:match('^{"code":8,"message":"received metadata size exceeds') then
    return "431", '{"code":3,"message":"@TOO_LARGE@"}'
  end
  return http, status
end
"""


def function(limits: Limits) -> str:
    """Returns the Lua function `clients_error(http, status)`.

    It takes the HTTP status and the JSON of a response, and returns both as they should be.
    """
    text = f"Request headers larger than max ({limits.headers_kib} KiB)"
    return _FUNCTION.replace("@TOO_LARGE@", text)
