"""Rebuilds the features and clauses in docs/conformance.md from the checks.

`make docs`. With --check it writes nothing, and fails if the page differs from the checks.
"""

import argparse
import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from tocsin.conformance.clauses import Clause
from tocsin.conformance.declared.features import FEATURES
from tocsin.conformance.options import PROFILES, Options
from tocsin.conformance.running import collect

PAGE = Path(__file__).with_name("conformance.md")
BEGIN = (
    "<!-- Made from server/tocsin/conformance/ by `make docs`, to the end mark. Don't edit it. -->"
)
PACKAGE = "yandex.cloud.serverless.triggers.v1."
END = "<!-- The end of what `make docs` makes. -->"


def made() -> str:
    clauses = collect(Options(target="", profiles=PROFILES), None)
    return "\n".join([BEGIN, "", *features(), *contract(clauses), END])


def features() -> Iterator[str]:
    yield from ("## Features", "", "| Feature | With it |", "| --- | --- |")
    for name in sorted(FEATURES):
        yield f"| `{name}` | {plain(FEATURES[name])} |"
    yield ""


def contract(clauses: list[Clause]) -> Iterator[str]:
    yield from ("## The clauses", "", f"{len(clauses)} clauses, each checked by itself.")
    yield "A clause without a source has that of the clause before it. A proto's name without a"
    yield from (f"package is in `{PACKAGE.rstrip('.')}`.", "")
    for profile in PROFILES:
        chosen = [clause for clause in clauses if clause.profile == profile]
        yield from (f"### {profile}", "")
        if not chosen:
            yield from ("None yet.", "")
            continue
        source = ""
        for number, clause in enumerate(chosen, start=1):
            new = f" *{short(clause.source)}*" if clause.source != source else ""
            source = clause.source
            yield f"{number}. `{clause.id}` {plain(clause.sentence)}{new}"
        yield ""


def plain(text: str) -> str:
    """Returns a text as Markdown that shows it as it is; what is in backticks stays code."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:
        raise SystemExit(f"an odd number of backticks: {text}")
    escaped = [re.sub(r"([\\*<\[\]|]|\b_|_\b)", r"\\\1", part) for part in parts[::2]]
    code = [f"`{part}`" for part in parts[1::2]]
    return "".join(piece for pair in zip_longest(escaped, code, fillvalue="") for piece in pair)


def short(source: str) -> str:
    """Returns a source without the package that most of them are in: the page would be too long."""
    return plain(source.replace(PACKAGE, ""))


def page(text: str) -> str:
    """Returns the page with what is between its marks replaced."""
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{PAGE.name} lacks the marks for the clauses: {BEGIN} … {END}")
    return before + made() + after


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail on drift")
    text = PAGE.read_text(encoding="utf-8")
    if not parser.parse_args().check:
        PAGE.write_text(page(text), encoding="utf-8")
    elif page(text) != text:
        raise SystemExit(f"{PAGE.name} differs from the checks: run make docs")


if __name__ == "__main__":
    main()
