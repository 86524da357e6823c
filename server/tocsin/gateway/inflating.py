"""Requests whose body is compressed: Google's client for Java compresses whatever it sends.

Envoy inflates them, and says nothing of a body that is no gzip, or that breaks off: it hands on
what there was. The transcoder waits for the rest of such a JSON text for as long as a call may be
silent, so a short script looks whether there is a rest.
"""

from tocsin.gateway.typed import Json, typed

COMPRESSED = {"name": "content-encoding", "string_match": {"exact": "gzip", "ignore_case": True}}
"""Tells a compressed request, before it is inflated."""

_DECOMPRESSOR = "envoy.filters.http.decompressor"
_CHECK = "tocsin.inflated"
_ON = typed("config.route.v3", "FilterConfig", config={})

INFLATED = {_DECOMPRESSOR: _ON, _CHECK: _ON}
"""What the filters do on a route of compressed requests; on others they do nothing."""

READ_BYTES = 32 * 1024
"""What Envoy may read of a connection at once, so that it becomes 32 MiB at most."""

# The most that the format can do, so that a text that repeats itself is not cut off.
_MOST_INFLATED = 1032

# A text of JSON is whole when each bracket outside of strings has its other one. Escapes go first,
# then strings. All else that may be wrong with it the transcoder finds.
_CHECK_INFLATED = r"""
function envoy_on_request(request)
  local body = request:body(true)
  local text = body:getBytes(0, body:length())
  local bare = text:gsub("\\.", ""):gsub('"[^"]*"', "")
  local _, opened = bare:gsub("[%[{]", "")
  local _, closed = bare:gsub("[%]}]", "")
  if opened == 0 or opened > closed or bare:find('"', 1, true) then
    request:respond({[":status"] = "400"}, "The body is no JSON text that was compressed by gzip.")
  end
end
"""


def inflating_filter() -> Json:
    """Inflates a request. The limit of its body has to stand behind it."""
    package = "extensions.compression.gzip.decompressor.v3"
    never = {"default_value": False, "runtime_key": "none"}  # a key must be given
    decompressor = typed(
        "extensions.filters.http.decompressor.v3",
        "Decompressor",
        decompressor_library={
            "name": "gzip",
            "typed_config": typed(package, "Gzip", max_inflate_ratio=_MOST_INFLATED),
        },
        response_direction_config={"common_config": {"enabled": never}},
    )
    return {"name": _DECOMPRESSOR, "typed_config": decompressor, "disabled": True}


def checking_filter() -> Json:
    """Answers 400 for what can't be read to its end. It has to stand behind the limit."""
    script = {"inline_string": _CHECK_INFLATED}
    lua = typed("extensions.filters.http.lua.v3", "Lua", default_source_code=script)
    return {"name": _CHECK, "typed_config": lua, "disabled": True}
