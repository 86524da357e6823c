"""What the settings of all rooms share: units, strictness, hidden secrets, and `forever`."""

import re
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, PlainSerializer

MEGABYTE = 1024 * 1024
DAY = 86400.0
# The longest time of a setting: there is an instant that much before each, and after it.
CENTURY = 36525 * DAY

STRICT = ConfigDict(extra="forbid", frozen=True)

HIDDEN = "***"


def without_secrets(url: str) -> str:
    """Returns a URL as it may be shown: its user, password and the values of its query are hidden.

    What stands there is a secret, or as good as one.
    """
    scheme, separator, rest = url.partition("://")
    # A database's password may have any character but the last @.
    authority = rest if scheme.startswith("postgres") else re.split("[/?#]", rest)[0]
    place, query, arguments = rest[authority.rfind("@") + 1 :].partition("?")
    user = f"{HIDDEN}@" if "@" in authority else ""
    arguments = re.sub(r"(?<==)[^&#]+", HIDDEN, arguments)
    return f"{scheme}{separator}{user}{place}{query}{arguments}"


WithoutSecrets = PlainSerializer(without_secrets, return_type=str)


# TOML has no null.
FOREVER = "forever"
ForEver = (
    BeforeValidator(lambda value: None if value == FOREVER else value, json_schema_input_type=str),
    PlainSerializer(lambda value: FOREVER if value is None else value),
)
KeptSeconds = Annotated[float | None, *ForEver]
KeptCount = Annotated[int | None, *ForEver]
