"""Prints what an installation ships: each distribution, its version, and when that was released.

Release dates are asked of the index that pip uses (PEP 691, PEP 700). A date that the index does
not tell is shown as unknown, and the command then ends with 1.
"""

import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from rich.console import Console
from rich.table import Table

INDEX = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple")
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
TIMEOUT_SECONDS = 60
AT_ONCE = 8
# The version in the name of a wheel or an sdist.
VERSION = re.compile(r"-(\d[^-]*?)(?:-.*\.whl|\.tar\.gz|\.zip)$")


def main() -> int:
    """Prints the table; returns the exit status."""
    names = sorted(shipped("tocsin", frozenset({"rest"})))
    versions = [metadata.version(name) for name in names]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        dates = list(pool.map(released_at, names, versions))
    table = Table("Distribution", "Version", "Released", "Age in days", box=None)
    now = datetime.now(UTC)
    for name, version, date in zip(names, versions, dates, strict=True):
        known = ("unknown", "") if date is None else (f"{date:%Y-%m-%d}", str((now - date).days))
        table.add_row(name, version, *known)
    Console().print(table)
    return 0 if None not in dates else 1


def shipped(name: str, extras: frozenset[str]) -> set[str]:
    """Returns the names of the distributions that one needs here with extras, without itself."""
    found: set[str] = set()
    waiting = list(needs(name, extras))
    while waiting:
        requirement = waiting.pop()
        needed = canonicalize_name(requirement.name)
        if needed not in found:
            found.add(needed)
            waiting.extend(needs(needed, frozenset(requirement.extras)))
    return found


def needs(name: str, extras: frozenset[str] = frozenset()) -> Iterator[Requirement]:
    """Yields what a distribution requires on this machine, with the extras that are asked for."""
    for text in metadata.requires(name) or []:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            yield requirement


def released_at(name: str, version: str) -> datetime | None:
    """Returns when the first file of a version was uploaded; None if the index does not tell."""
    request = urllib.request.Request(
        f"{INDEX.rstrip('/')}/{name}/", headers={"Accept": SIMPLE_JSON}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            files = json.load(answer)["files"]
    except (urllib.error.URLError, TimeoutError, ValueError, KeyError) as error:
        print(f"{name}: the index did not answer as expected: {error}", file=sys.stderr)
        return None
    uploads = [
        datetime.fromisoformat(file["upload-time"])
        for file in files
        if "upload-time" in file and is_of(file["filename"], version)
    ]
    return min(uploads, default=None)


def is_of(filename: str, version: str) -> bool:
    """Tells whether a file of the index belongs to a version."""
    found = VERSION.search(filename)
    try:
        return found is not None and Version(found[1]) == Version(version)
    except InvalidVersion:
        return False


if __name__ == "__main__":
    sys.exit(main())
