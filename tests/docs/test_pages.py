"""Links lead somewhere, and the commands that the pages name are there."""

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
