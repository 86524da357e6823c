"""Reads the files of the page once, joins them, and names them by a hash of them all."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from tocsin.console.joining import NotJoined, joined

INDEX: Final = "index.html"
TREE: Final = b"{{tree}}"
"""Stands for the hash in the index."""

SCRIPT: Final = "page.js"
"""All modules of the page as one."""
STYLE: Final = "page.css"
"""All its styles as one, in the order of their names."""

HTML: Final = "text/html; charset=utf-8"
# Not of the system's table, which differs between machines: browsers run no script of a wrong type.
MEDIA_TYPES: Final[Mapping[str, str]] = {
    "css": "text/css; charset=utf-8",
    "ico": "image/x-icon",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
}
_HASH_DIGITS = 16


class PageDamaged(Exception):
    """A file of the page is missing, or can't be served; the message says which, and why."""


@dataclass(frozen=True, slots=True)
class Asset:
    """Holds a file of the page."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Holds the index, which names `tree` in the URLs of its assets, and the assets by path.

    Beside the files as they are, the assets are `SCRIPT` and `STYLE`, which the index names.
    """

    tree: str
    index: Asset
    assets: Mapping[str, Asset]


def read_page() -> Page:
    """Reads the page of this package.

    Raises:
        PageDamaged: the package lacks the index, or a file can't be joined, or has no known media
            type.
    """
    return page_in(files("tocsin.console") / "page")


def page_in(folder: Traversable) -> Page:
    """Reads a page from its folder.

    Raises:
        PageDamaged: the folder lacks the index, or a file can't be joined, or has no known media
            type.
    """
    found = dict(sorted(_contents(folder, "")))
    index = found.pop(INDEX, None)
    if index is None:
        raise PageDamaged(f"{folder} lacks {INDEX}: install the package anew")
    found[SCRIPT], found[STYLE] = _script(found), _style(found)
    tree = _hash(found)
    assets = {path: Asset(_media_type(path), content) for path, content in found.items()}
    return Page(tree, Asset(HTML, index.replace(TREE, tree.encode())), assets)


def _contents(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    if not folder.is_dir():
        return
    for each in folder.iterdir():
        if each.is_dir():
            yield from _contents(each, f"{prefix}{each.name}/")
        elif not each.name.startswith("."):
            yield prefix + each.name, each.read_bytes()


def _script(found: Mapping[str, bytes]) -> bytes:
    modules = {path: each.decode() for path, each in found.items() if path.endswith(".js")}
    try:
        return joined(modules).encode()
    except NotJoined as error:
        raise PageDamaged(str(error)) from error


def _style(found: Mapping[str, bytes]) -> bytes:
    return b"".join(each for path, each in found.items() if path.endswith(".css"))


def _hash(found: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path, content in found.items():
        digest.update(f"{path}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:_HASH_DIGITS]


def _media_type(path: str) -> str:
    media_type = MEDIA_TYPES.get(path.rpartition(".")[2])
    if media_type is None:
        raise PageDamaged(f"{path}: the page can't have files of this kind; add it to MEDIA_TYPES")
    return media_type
