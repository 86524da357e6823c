"""The Markdown pages, and the code in them."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


class Block(NamedTuple):
    """A fenced block of code. `line` is where its fence is."""

    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"line-{self.line}"


def blocks(page: Path, *languages: str) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    every = [Block(text.count("\n", 0, each.start()) + 1, each[1], each[2]) for each in found]
    return [each for each in every if not languages or each.language in languages]


def block_after(page: Path, block: Block) -> Block | None:
    """The block that stands right behind another one, with nothing but a blank line between."""
    end = block.line + block.code.count("\n") + 1
    return next((each for each in blocks(page) if each.line == end + 2), None)
