"""Reads, applies and rewrites the list of the checks that a server is known to fail."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from tocsin.conformance.declared.named_reasons import FileError, read_reasons
from tocsin.conformance.outcomes import Outcome, Result

KEY = "known-failing"


@dataclass(frozen=True, slots=True)
class KnownFailing:
    """Ids of checks, or patterns with `*`, each with the reason why it fails."""

    reasons: dict[str, str]
    file: Path | None = None

    @staticmethod
    def read(file: str | None) -> "KnownFailing":
        """Reads the list: YAML, `known-failing:`, and below it a line `check: reason` for each.

        Raises:
            FileError: the file can't be read, or an entry has no reason.
        """
        if file is None:
            return KnownFailing({})
        return KnownFailing(read_reasons(Path(file), KEY, what="check"), Path(file))

    def reason(self, check: str) -> str | None:
        """Returns why a check fails; None if it is not in the list."""
        return self.reasons.get(self.entry(check) or "")

    def entry(self, check: str) -> str | None:
        """Returns the entry of a check: its own, or the first pattern that fits."""
        if check in self.reasons:
            return check
        return next((each for each in self.reasons if fnmatchcase(check, each)), None)

    def refuse_unknown(self, checks: Collection[str]) -> None:
        """Refuses entries that fit no check of the suite.

        Raises:
            FileError: an entry is none.
        """
        for entry in self.reasons:
            if not any(fnmatchcase(check, entry) for check in checks):
                raise FileError(f"{self.file}: no check is named {entry}")


def rewritten(known: KnownFailing, results: Iterable[Result]) -> dict[str, str]:
    """Returns the list as a run has found it.

    Entries keep their reasons and their order. What passes is taken out: of a pattern, the checks
    that still fail stay. What failed and was not in the list comes in, with what was wrong as its
    reason. Entries whose checks did not run stay.
    """
    ran = {r.clause.id: r for r in results if r.outcome is not Outcome.NOT_RUN}
    reasons: dict[str, str] = {}
    for entry, reason in known.reasons.items():
        mine = [check for check in ran if known.entry(check) == entry]
        failing = [check for check in mine if ran[check].outcome is Outcome.KNOWN]
        kept = [entry] if len(failing) == len(mine) else failing
        reasons |= dict.fromkeys(kept, reason)
    for check, result in sorted(ran.items()):
        if result.outcome is Outcome.FAILED:
            reasons[check] = result.reason.strip().splitlines()[0]
    return reasons


def write(file: Path, reasons: dict[str, str]) -> None:
    """Writes the list; the comment at the head of the file stays.

    Raises:
        FileError: it can't be written.
    """
    try:
        head = _head(file.read_text()) if file.exists() else ""
        lines = yaml.safe_dump({KEY: reasons}, sort_keys=False, allow_unicode=True, width=100)
        file.write_text(head + lines)
    except OSError as error:
        raise FileError(f"{file}: can't be written: {error}") from error


def _head(text: str) -> str:
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.strip() and not line.startswith("#"):
            break
        lines.append(line)
    return "".join(lines)
