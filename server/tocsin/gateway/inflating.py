"""Inflates compressed request bodies; Google's client for Java compresses all that it sends.

Envoy does not report a body that is not gzip or is cut off: it passes on what it could inflate. The
transcoder then waits for the rest of the JSON text for as long as a call may be silent. So a short
script checks that the text is complete.
"""

from tocsin.gateway.typed import Json, typed

COMPRESSED = {"name": "content-encoding", "string_match": {"exact": "gzip", "ignore_case": True}}
"""Matches a compressed request before it is inflated."""

_DECOMPRESSOR = "envoy.filters.http.decompressor"
_CHECK = "tocsin.inflated"
_ON = typed("config.route.v3", "FilterConfig", config={})

INFLATED = {_DECOMPRESSOR: _ON, _CHECK: _ON}
"""The filters' settings on a route of compressed requests; on others they do nothing."""

READ_BYTES = 32 * 1024
"""Bytes that Envoy may read of a connection at once; they inflate to 32 MiB at most."""

# The largest ratio of the format, so that no valid text is cut off.
_MOST_INFLATED = 1032

# A JSON text is complete if no bracket outside of strings is open. The script removes escapes, then
# strings, and counts. The transcoder finds all other errors.
_CHECK_INFLATED = r"""
function envoy_on_request(request)
  local body = request:body(true)
  local text = body:getBytes(0, body:length())
  local bare = text:gsub("\\.", ""):gsub('"[^"]*"', "")
  local _, opened = bare:gsub("[%[{]", "")
  local _, closed = bare:gsub("[%]}]", "")
  if opened == 0 or opened > closed or bare:find('"', 1, true) then
    request:respond({[":status"] = "400"}, "The body must be complete JSON, compressed by gzip.")
  end
end
"""


def inflating_filter() -> Json:
    """Returns the filter that inflates a body. The filter that limits its size must follow it."""
    package = "extensions.compression.gzip.decompressor.v3"
    never = {"default_value": False, "runtime_key": "none"}  # Envoy demands a key
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
    """Returns the filter that answers 400 for an incomplete body. It must follow the limit."""
    script = {"inline_string": _CHECK_INFLATED}
    lua = typed("extensions.filters.http.lua.v3", "Lua", default_source_code=script)
    return {"name": _CHECK, "typed_config": lua, "disabled": True}
