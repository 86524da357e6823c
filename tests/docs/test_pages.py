"""Links lead somewhere, headings too; the commands and modules that the pages name are there."""

import re
from pathlib import Path

import pytest

from docs.markdown import PAGES, ROOT

COMMANDS = set(re.findall(r"^([a-z/-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    files = [link for link in links if not link.startswith("https://")]
    assert not [link for link in files if not (page.parent / link).exists()]


def anchors(page: Path) -> set[str]:
    """Returns the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_headings_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
    wrong = [
        f"{file}#{anchor}"
        for file, anchor in links
        if anchor not in anchors(page.parent / file if file else page)
    ]
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_command_that_is_named_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z/-]*)", text, flags=re.MULTILINE))
    assert named <= COMMANDS


def test_files_named_for_changes_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:server|tests|gen|protos|docs)/[\w/.]*)`", text)
    assert named
    assert not [name for name in named if not (ROOT / name).exists()]


MODULES = [*ROOT.glob("server/tocsin/**/*.py"), *ROOT.glob("tests/**/*.py")]
MODULES += [*ROOT.glob("*.py"), *ROOT.glob("bench/*.py"), *ROOT.glob("gen/*.py")]
# Files of yours, which the examples name.
YOURS = {"sdk.py", "target.py", "yandex.py"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_that_is_named_is_there(page: Path) -> None:
    named = set(re.findall(r"`([\w/]+\.py)`", page.read_text(encoding="utf-8"))) - YOURS
    paths = [f"/{module.relative_to(ROOT)}" for module in MODULES]
    missing = [name for name in named if not any(path.endswith(f"/{name}") for path in paths)]
    assert missing == []


def test_the_index_names_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    named = set(re.findall(r"\]\(([\w-]+\.md)\)", index.read_text(encoding="utf-8")))
    assert named == {page.name for page in ROOT.glob("docs/*.md")} - {index.name}
