"""Defines what the settings of all rooms share: units, strictness, hidden secrets, `forever`."""

import re
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, PlainSerializer

MEGABYTE = 1024 * 1024
DAY = 86400.0
# The longest duration of a setting; `datetime` can add it to the present, and subtract it.
CENTURY = 36525 * DAY

STRICT = ConfigDict(extra="forbid", frozen=True)

HIDDEN = "***"


def without_secrets(url: str) -> str:
    """Returns a URL with its user, its password and the values of its query hidden.

    All of them may be secret.
    """
    scheme, separator, rest = url.partition("://")
    # A database's password may have any character, also `@`.
    authority = rest if scheme.startswith("postgres") else re.split("[/?#]", rest)[0]
    location, query, arguments = rest[authority.rfind("@") + 1 :].partition("?")
    user = f"{HIDDEN}@" if "@" in authority else ""
    arguments = re.sub(r"(?<==)[^&#]+", HIDDEN, arguments)
    return f"{scheme}{separator}{user}{location}{query}{arguments}"


WithoutSecrets = PlainSerializer(without_secrets, return_type=str)


# TOML has no null.
FOREVER = "forever"
ForEver = (
    BeforeValidator(lambda value: None if value == FOREVER else value, json_schema_input_type=str),
    PlainSerializer(lambda value: FOREVER if value is None else value),
)
KeptSeconds = Annotated[float | None, *ForEver]
KeptCount = Annotated[int | None, *ForEver]
