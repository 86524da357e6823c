"""Names the resources on which roles are granted, and finds the resources above each."""

import re
from functools import lru_cache

from tocsin.access.permissions.bindings import EVERYTHING

# `COLLECTION/ID` once or several times, such as `projects/p1/locations/local`.
NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]*/[^/\s]+(/[a-zA-Z][a-zA-Z0-9]*/[^/\s]+)*")
TOPS = ("folders", "projects")
LONGEST_NAME = 512


def is_bindable(resource: str) -> bool:
    """Returns whether a role can be granted on it: `*`, `folders/ID`, `projects/ID` or below."""
    if resource == EVERYTHING:
        return True
    return (
        len(resource) <= LONGEST_NAME
        and NAME.fullmatch(resource) is not None
        and resource.partition("/")[0] in TOPS
    )


def folder(folder_id: str) -> str:
    """Returns the resource of a folder; an ambiguous id becomes `*`, so that no role below fits."""
    return EVERYTHING if not folder_id or "/" in folder_id else f"folders/{folder_id}"


@lru_cache(maxsize=10_000)
def lineage(resource: str) -> tuple[str, ...]:
    """Returns a resource, all resources above it, and `*`; a role on any of them counts."""
    if resource == EVERYTHING:
        return (EVERYTHING,)
    parts = resource.split("/")
    above = ("/".join(parts[:end]) for end in range(len(parts), 0, -2))
    return (*above, EVERYTHING)
