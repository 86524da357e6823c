"""Rebuilds docs/conformance-mutants.md: which wrong server breaks which clause of the suite.

`make docs`. With --check it writes nothing, and fails if the page differs from what is declared, or
a MUST has neither a wrong server nor a reason.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from tocsin.conformance.clauses import Level
from tocsin.conformance.options import PROFILES, Options
from tocsin.conformance.running import collect

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from mutants.declaring import Mutant
from mutants.wrong.all import MUTANTS
from mutants.wrong.without import WITHOUT

PAGE = Path(__file__).with_name("conformance-mutants.md")
HEAD = """\
# Wrong servers

See that the conformance suite can fail: each line below is a server with one change, and the clause
that it breaks. The suite has to catch each by the check of that clause.

```sh
make mutants
```

A wrong server is a proxy before one Tocsin: it changes a call, a request of REST, a file of
reflection, or an answer to one of them, and the check of its clause has to pass without the change
and to fail with it. Timers tick on the minute, so the wrong servers of `firing` are made of what an
honest one delivered. They are declared in `tests/mutants/wrong/`, a module for each subject, and
this page is made of them by `make docs`.

Clauses that are generated from one rule, such as each field that is required, are a family: a few
of its members have wrong servers, and stand for the others.

To add one for a new clause, write what the server does wrong:

```python
shows("triggers.get.repeatable", "TriggerService/Get", "counts its Gets in the description", counts)
```
"""


def page() -> str:
    clauses = collect(Options(target="", profiles=PROFILES), None)
    musts = [clause.id for clause in clauses if clause.level is Level.MUST]
    check(musts, {clause.id for clause in clauses})
    lines = [HEAD, *summary(musts)]
    for profile in PROFILES:
        lines += section(profile, [each for each in musts if each.startswith(f"{profile}.")])
    return "\n".join(lines)


def check(musts: list[str], known: set[str]) -> None:
    """Refuses MUSTs that nothing stands for, and mutants and reasons that stand for nothing."""
    alone = [each for each in musts if not covered(each)]
    strange = [mutant.id for mutant in MUTANTS if mutant.breaks not in known]
    strange += [each for each in (*families(), *WITHOUT) if not any(fits(m, each) for m in known)]
    if alone or strange:
        raise SystemExit(
            "\n".join(
                [
                    *(f"{each}: a MUST without a wrong server or a reason" for each in alone),
                    *(f"{each}: there is no such clause" for each in strange),
                    "see tests/mutants/wrong/",
                ]
            )
        )


def covered(clause: str) -> bool:
    return bool(own().get(clause) or family_of(clause) or reason(clause))


def own() -> dict[str, list[Mutant]]:
    found: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in MUTANTS:
        found[mutant.breaks].append(mutant)
    return found


def families() -> dict[str, list[Mutant]]:
    found: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in MUTANTS:
        if mutant.family:
            found[mutant.family].append(mutant)
    return found


def fits(clause: str, pattern: str) -> bool:
    return fnmatchcase(clause, pattern)


def family_of(clause: str) -> str | None:
    return next((each for each in families() if fits(clause, each)), None)


def reason(clause: str) -> str | None:
    return next((why for each, why in WITHOUT.items() if fits(clause, each)), None)


def summary(musts: list[str]) -> Iterator[str]:
    alone = [each for each in musts if each in own()]
    kin = [each for each in musts if each not in own() and family_of(each)]
    rest = len(musts) - len(alone) - len(kin)
    yield f"{len(MUTANTS)} wrong servers. Of {len(musts)} MUSTs {len(alone)} have their own, and"
    yield f"{len(kin)} have one in their family."
    if rest:
        yield f"{rest} have none; the tables say why."
    yield ""


def section(profile: str, musts: list[str]) -> Iterator[str]:
    yield from (f"## {profile}", "", "| Clause | A server that |", "| --- | --- |")
    for mutant in MUTANTS:
        if mutant.profile == profile:
            yield f"| `{mutant.breaks}` | {plain(mutant.does[0].lower() + mutant.does[1:])} |"
    kin: dict[str, int] = defaultdict(int)
    for clause in musts:
        if clause not in own() and (family := family_of(clause)):
            kin[family] += 1
    if kin:
        yield from ("", "| Family | Other MUSTs in it | Wrong servers |", "| --- | --- | --- |")
        yield from (f"| `{each}` | {kin[each]} | {len(families()[each])} |" for each in kin)
    why = [each for each in WITHOUT if each.startswith(f"{profile}.")]
    if why:
        yield from ("", "| MUST without one | Why |", "| --- | --- |")
        yield from (f"| `{each}` | {plain(WITHOUT[each])} |" for each in why)
    yield ""


def plain(text: str) -> str:
    """Returns a text as Markdown shows it in a table."""
    return text.replace("|", "\\|").replace("*", "\\*").replace("_", "\\_").replace("<", "&lt;")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail on drift")
    made = page()
    if not parser.parse_args().check:
        PAGE.write_text(made, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != made:
        raise SystemExit(f"{PAGE.name} differs from tests/mutants/: run make docs")


if __name__ == "__main__":
    main()
