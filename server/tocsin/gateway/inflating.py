"""Inflates compressed request bodies; Google's client for Java compresses all that it sends.

Envoy does not report a body that is not gzip, is cut off or is damaged: it passes on what it could
inflate. So two short scripts check the text against the size and the checksum at the end of the
compressed body (RFC 1952): one reads them before Envoy inflates, one compares them after. The
second one checks too that no bracket is left open: at the end of an inflated body the transcoder
does not notice it, and would wait for the rest.
"""

from tocsin.gateway.typed import Json, typed

COMPRESSED = {"name": "content-encoding", "string_match": {"exact": "gzip", "ignore_case": True}}
"""Matches a compressed request before it is inflated."""

_DECOMPRESSOR = "envoy.filters.http.decompressor"
_WHOLE = "tocsin.whole"
_READ = "tocsin.compressed"
_CHECK = "tocsin.inflated"

READ_BYTES = 32 * 1024
"""Bytes that Envoy may read of a connection at once; they inflate to 32 MiB at most."""

# The largest ratio of the format, so that no valid text is cut off.
_MOST_INFLATED = 1032

# The last eight bytes are the checksum and the size, the lowest byte first.
_READ_END = r"""
function envoy_on_request(request)
  local body = request:body(true)
  local size = body:length()
  local first = math.max(0, size - 8)
  local tail = body:getBytes(first, size - first)
  local metadata = request:streamInfo():dynamicMetadata()
  for name, from in pairs({crc = 1, size = 5}) do
    local a, b, c, d = tail:byte(from, from + 3)
    metadata:set("tocsin.gzip", name, d and a + b * 256 + c * 65536 + d * 16777216 or -1)
  end
end
"""

# CRC-32 of four bytes at a time ("slicing by four"), so that ten megabytes take some milliseconds.
_CHECK_INFLATED = r"""
local bit, ffi = require("bit"), require("ffi")
local xor, shift, band = bit.bxor, bit.rshift, bit.band
local function table_of_crcs() return ffi.new("int32_t[256]") end
local T0, T1, T2, T3 = table_of_crcs(), table_of_crcs(), table_of_crcs(), table_of_crcs()
for byte = 0, 255 do
  local crc = byte
  for _ = 1, 8 do
    crc = band(crc, 1) == 1 and xor(shift(crc, 1), 0xEDB88320) or shift(crc, 1)
  end
  T0[byte] = crc
end
local function next_slice(crc) return xor(shift(crc, 8), T0[band(crc, 255)]) end
for byte = 0, 255 do
  T1[byte] = next_slice(T0[byte])
  T2[byte] = next_slice(T1[byte])
  T3[byte] = next_slice(T2[byte])
end
local function checksum(text)
  local bytes, size, crc = ffi.cast("const uint8_t*", text), #text, -1
  local whole = size - size % 4
  for at = 0, whole - 4, 4 do
    crc = xor(
      T3[band(xor(crc, bytes[at]), 255)],
      T2[band(xor(shift(crc, 8), bytes[at + 1]), 255)],
      T1[band(xor(shift(crc, 16), bytes[at + 2]), 255)],
      T0[xor(shift(crc, 24), bytes[at + 3])]
    )
  end
  for at = whole, size - 1 do
    crc = xor(shift(crc, 8), T0[band(xor(crc, bytes[at]), 255)])
  end
  return bit.bnot(crc) % 4294967296
end
local function is_complete(text)
  local bytes, size, at = ffi.cast("const uint8_t*", text), #text, 0
  local quoted, opened, depth = false, false, 0
  while at < size do
    local byte = bytes[at]
    if quoted then
      if byte == 92 then at = at + 1 elseif byte == 34 then quoted = false end
    elseif byte == 34 then
      quoted = true
    elseif byte == 91 or byte == 123 then
      opened, depth = true, depth + 1
    elseif byte == 93 or byte == 125 then
      depth = depth - 1
    end
    at = at + 1
  end
  return opened and not quoted and depth <= 0
end
function envoy_on_request(request)
  local body = request:body(true)
  local size = body:length()
  local said = request:streamInfo():dynamicMetadata():get("tocsin.gzip") or {}
  local text = said.size == size and body:getBytes(0, size) or ""
  if said.size ~= size or checksum(text) ~= said.crc or not (@COMPLETE@) then
    request:respond({[":status"] = "400"}, "The body must be @WHAT@, compressed by gzip.")
  end
end
"""

_CHECK_JSON = _CHECK_INFLATED.replace("@COMPLETE@", "size > 0 and is_complete(text)").replace(
    "@WHAT@", "complete JSON"
)
_CHECK_BYTES = _CHECK_INFLATED.replace("@COMPLETE@", "true").replace("@WHAT@", "complete")

_ON = typed("config.route.v3", "FilterConfig", config={})

INFLATED = {_WHOLE: _ON, _READ: _ON, _DECOMPRESSOR: _ON, _CHECK: _ON}
"""The filters' settings on a route of compressed JSON; on others they do nothing."""

INFLATED_BYTES = {
    **INFLATED,
    _CHECK: typed(
        "extensions.filters.http.lua.v3",
        "LuaPerRoute",
        source_code={"inline_string": _CHECK_BYTES},
    ),
}
"""The same for bodies that the server parses itself, and that may be no JSON."""


def whole_filter(largest: int) -> Json:
    """Returns the filter that waits for the whole compressed body. It must precede the others.

    A body that never ends holds only as many bytes as its client has sent.
    """
    package = "extensions.filters.http.buffer.v3"
    buffer = typed(package, "Buffer", max_request_bytes=largest)
    return {"name": _WHOLE, "typed_config": buffer, "disabled": True}


def reading_filter() -> Json:
    """Returns the filter that reads the end of a compressed body. It must precede the next."""
    return _lua(_READ, _READ_END)


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
    """Returns the filter that answers 400 for what is not whole. It must follow the limit."""
    return _lua(_CHECK, _CHECK_JSON)


def _lua(name: str, script: str) -> Json:
    source = {"inline_string": script}
    lua = typed("extensions.filters.http.lua.v3", "Lua", default_source_code=source)
    return {"name": name, "typed_config": lua, "disabled": True}
