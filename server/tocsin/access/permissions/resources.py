"""What roles are given on: names of resources, and what each is below of."""

import re
from functools import lru_cache

from tocsin.access.permissions.bindings import EVERYTHING

# `COLLECTION/ID` once or more, such as `projects/p1/locations/local`.
NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]*/[^/\s]+(/[a-zA-Z][a-zA-Z0-9]*/[^/\s]+)*")
TOPS = ("folders", "projects")
LONGEST_NAME = 512


def is_bindable(resource: str) -> bool:
    """Tells whether a role can be given on it: `*`, `folders/ID`, `projects/ID`, what is below."""
    if resource == EVERYTHING:
        return True
    return (
        len(resource) <= LONGEST_NAME
        and NAME.fullmatch(resource) is not None
        and resource.partition("/")[0] in TOPS
    )


def folder(folder_id: str) -> str:
    """Returns the resource of a folder. One that could be taken for others is nobody's alone."""
    return EVERYTHING if not folder_id or "/" in folder_id else f"folders/{folder_id}"


@lru_cache(maxsize=10_000)
def lineage(resource: str) -> tuple[str, ...]:
    """Returns a resource, those that it is below of, and `*`: a role on any of them counts."""
    if resource == EVERYTHING:
        return (EVERYTHING,)
    parts = resource.split("/")
    above = ("/".join(parts[:end]) for end in range(len(parts), 0, -2))
    return (*above, EVERYTHING)
