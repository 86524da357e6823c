"""Reads the parameters that any call of Google's may have in its URL, beside those of its method.

https://cloud.google.com/apis/docs/system-parameters, and `parameters` in discovery documents.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from tocsin.contract.json.messages import APOSTROPHE, quoted
from tocsin.contract.queries import parse_query
from tocsin.contract.validation import Violation
from tocsin.wire.calls import Arrival

SYSTEM_PARAMETERS: Final = frozenset(
    (
        *("alt", "$alt", "fields", "$fields", "prettyPrint", "$prettyPrint", "key", "$key"),
        *("quotaUser", "$quotaUser", "callback", "$callback", "access_token", "oauth_token"),
        *("$.xgafv", "$ct", "$apiVersion", "$outputDefaults", "$unique"),
        *("uploadType", "upload_protocol"),
    )
)
FIELDS_HEADER: Final = "x-goog-fieldmask"
KEY_HEADER: Final = "x-goog-api-key"
FORMAT: Final = "$.xgafv"
"""The parameter that selects the version of the format of errors."""

_SCHEMES: Final[Mapping[str, str]] = {
    "access_token": "Bearer",
    "oauth_token": "Bearer",
    "key": "Api-Key",
    "$key": "Api-Key",
}


def credential_of(pairs: Iterable[tuple[str, str]]) -> str | None:
    """Returns the credential in a query, as an `Authorization` header would have it.

    A token comes before a key, which says only whose quota it is at Google.
    """
    given = dict(reversed([pair for pair in pairs if pair[0] in _SCHEMES and pair[1]]))
    return next((f"{_SCHEMES[name]} {given[name]}" for name in _SCHEMES if name in given), None)


def credential_beside(arrival: Arrival) -> str | None:
    """Returns the credential of a call of Google's that has no `Authorization`, or None.

    It is in the query, or it is a key in a header of its own.
    """
    query = (arrival.url or "").partition("?")[2]
    try:
        found = credential_of(parse_query(query)) if query else None
    except ValueError:  # who calls is not known then
        found = None
    key = arrival.metadata_value(KEY_HEADER)
    return found or (f"Api-Key {key}" if key else None)


def fields_of(pairs: Iterable[tuple[str, str]], header: str | None) -> str:
    """Returns the mask of the answer, empty for all of it; the first one counts."""
    found = (value for name, value in pairs if name.removeprefix("$") == "fields" and value)
    return next(found, header or "")


def refused(pairs: Iterable[tuple[str, str]]) -> list[Violation]:
    """Returns what the parameters ask for that this server does not do."""
    faults: list[Violation] = []
    first: dict[str, str] = {}
    for name, value in pairs:
        first.setdefault(name.removeprefix("$"), value)
    alt, callback = first.get("alt", ""), first.get("callback", "")
    if alt.partition(";")[0] not in ("", "json"):
        faults.append(Violation("alt", _unsupported(alt)))
    if callback:
        faults.append(
            Violation("callback", "Invalid value at 'callback': this server answers JSON alone.")
        )
    formats = [value for name, value in pairs if name == FORMAT]
    if formats and formats[-1] not in ("", "1", "2"):
        shown = quoted(formats[-1], mark=APOSTROPHE)
        what = f"Invalid value {shown} for system query parameter : {FORMAT}: expected 1 or 2."
        faults.append(Violation(FORMAT, f"Invalid query parameters. {what}"))
    return faults


def _unsupported(alt: str) -> str:
    if alt == "media":
        return 'Unsupported alt type "media" for non byte stream request.'
    return f"Invalid value at 'alt', {quoted(alt)}: expected json."
