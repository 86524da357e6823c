"""Refuses a query that would say something else than the path of its URL, or than the body.

Envoy's transcoder lets a query parameter overwrite what the path says: whoever reads URLs, such as
a proxy or an access log in front, would see another resource than the one that is touched. So the
rules of `contract/queries.py` are checked in front of it, by a script that only those requests meet
that have a query.
"""

import re
from collections.abc import Iterable, Mapping

from google.protobuf.descriptor import ServiceDescriptor

from tocsin.contract import finding
from tocsin.contract.queries import QueryRule, query_rules
from tocsin.contract.routes import Envelope, envelope_of
from tocsin.gateway.typed import Json, typed

HAS_QUERY: Json = {"name": ":path", "string_match": {"contains": "?"}}
"""Matches a request that has a query."""

_CHECK = "tocsin.query"

CHECKED = {_CHECK: typed("config.route.v3", "FilterConfig", config={})}
"""What the filters do on a route of requests with a query; on others they do nothing."""

# Google's clients add these to any call; its front end reads them, the method does not.
# https://cloud.google.com/apis/docs/system-parameters, and `parameters` in discovery documents.
SYSTEM_PARAMETERS = (
    *("alt", "$alt", "fields", "$fields", "prettyPrint", "$prettyPrint", "key", "$key"),
    *("quotaUser", "$quotaUser", "callback", "$callback", "access_token", "oauth_token"),
    *("$.xgafv", "$ct", "$apiVersion", "$outputDefaults", "$unique"),
    *("uploadType", "upload_protocol"),
)

# `@RULES@` is a list by HTTP verb: the pattern of a path, and what is refused of its query. A name
# that no route explains is left to the transcoder, which refuses what it does not know. A path that
# fits none of the patterns is not served, so nothing of a query gets past this unseen.
_SCRIPT = r"""
local RULES = {@RULES@}
local SYSTEM = {@SYSTEM@}
local function decoded(text)
  text = text:gsub("+", " ")
  return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end
local function shown(name)
  return '"' .. name:sub(1, 64):gsub("[^%w_.$-]", "?") .. '"'
end
local function snake(name)
  return (name:gsub("%u", function(letter) return "_" .. letter:lower() end))
end
local function problem(rule, name, seen)
  if rule.system and SYSTEM[name] then return nil end
  if rule.path[name] then
    return "the path says this field, and the query may not say it again"
  end
  if rule.all then return "all fields of this method come in the body" end
  for field in pairs(rule.body) do
    if name == field or name:sub(1, #field + 1) == field .. "." then
      return "this field comes in the body"
    end
  end
  local plain = snake(name)
  if seen[plain] and not rule.repeated[name] then return "this field may be there once" end
  seen[plain] = true
  return nil
end
function envoy_on_request(request)
  local headers = request:headers()
  local path, query = headers:get(":path"):match("^([^?]*)%?(.*)$")
  if path == nil then return end
  path = path:gsub("/+$", "")
  local served = false
  for _, rule in ipairs(RULES[headers:get(":method")] or {}) do
    if path:match(rule.pattern) then
      served = true
      local seen = {}
      for parameter in query:gmatch("[^&]+") do
        local name = decoded(parameter:match("^[^=]*"))
        local wrong = problem(rule, name, seen)
        if wrong then
          request:respond({[":status"] = "400"}, "Query parameter " .. shown(name) .. ": " .. wrong)
          return
        end
      end
    end
  end
  if not served then
    request:respond({[":status"] = "404"}, "Could not resolve the path to a method.")
  end
end
"""


def checking_filter(script: str) -> Json:
    """Answers 400 to a query that says what is not the query's to say; see `query_script`."""
    source = {"inline_string": script}
    lua = typed("extensions.filters.http.lua.v3", "Lua", default_source_code=source)
    return {"name": _CHECK, "typed_config": lua, "disabled": True}


def query_script(services: Iterable[ServiceDescriptor]) -> str:
    """Returns the script in Lua, with the rules of these services."""
    by_verb: dict[str, list[str]] = {}
    for service in services:
        is_google = envelope_of(service) is Envelope.GOOGLE
        for rule in query_rules([service]):
            by_verb.setdefault(rule.route.http_verb, []).append(_rule(rule, is_google))
    rules = ",\n".join(f'["{verb}"]={{{",".join(each)}}}' for verb, each in by_verb.items())
    return _SCRIPT.replace("@RULES@", rules).replace("@SYSTEM@", _set(SYSTEM_PARAMETERS))


def _rule(rule: QueryRule, is_google: bool) -> str:
    members: Mapping[str, str] = {
        "pattern": f'"{path_pattern(rule.route.template)}"',
        "path": f"{{{_set(rule.path_fields)}}}",
        "body": f"{{{_set(rule.body_fields)}}}",
        "repeated": f"{{{_set(rule.repeated)}}}",
        "all": str(rule.whole_body).lower(),
        "system": str(is_google).lower(),
    }
    return f"{{{','.join(f'{name}={value}' for name, value in members.items())}}}"


def _set(names: Iterable[str]) -> str:
    return ",".join(f'["{name}"]=true' for name in names)


def path_pattern(template: str) -> str:
    """Returns the Lua pattern of the paths that a template matches (google/api/http.proto)."""
    return f"^{finding.path_pattern(template, _escaped)}$"


def _escaped(text: str) -> str:
    return re.sub(r"(\W)", r"%\1", text)
