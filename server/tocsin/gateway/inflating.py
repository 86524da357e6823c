"""Requests whose body is compressed: Google's client for Java compresses whatever it sends.

Envoy inflates them, and says nothing of a body that is no gzip, or that breaks off: it hands on
what there was. The transcoder waits for the rest of such a JSON text for as long as a call may be
silent, so a short script looks whether there is a rest.
"""

from typing import Any

from tocsin.gateway.errors import Json

CHECK = "tocsin.inflated"
"""The filter that looks at what was inflated; off but for the routes of compressed requests."""

COMPRESSED = {"name": "content-encoding", "string_match": {"exact": "gzip", "ignore_case": True}}
"""Tells a compressed request, before it is inflated."""

_SCRIPT = "inflated"
_LUA = "type.googleapis.com/envoy.extensions.filters.http.lua.v3"

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
    return {"name": "envoy.filters.http.decompressor", "typed_config": _decompressor()}


def check_filter() -> Json:
    """Answers 400 for what can't be read to its end. It stands behind the limit."""
    scripts = {_SCRIPT: {"inline_string": _CHECK_INFLATED}}
    return {"name": CHECK, "typed_config": {"@type": f"{_LUA}.Lua", "source_codes": scripts}}


def checked() -> Json:
    """The route's setting that turns the check on."""
    return {"@type": f"{_LUA}.LuaPerRoute", "name": _SCRIPT}


def _decompressor() -> Json:
    gzip = _typed("compression.gzip.decompressor.v3.Gzip", max_inflate_ratio=_MOST_INFLATED)
    never = {"default_value": False, "runtime_key": "none"}  # a key must be given
    return _typed(
        "filters.http.decompressor.v3.Decompressor",
        decompressor_library={"name": "gzip", "typed_config": gzip},
        response_direction_config={"common_config": {"enabled": never}},
    )


def _typed(name: str, **fields: Any) -> Json:
    return {"@type": f"type.googleapis.com/envoy.extensions.{name}", **fields}
