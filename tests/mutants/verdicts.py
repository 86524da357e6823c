"""Runs wrong servers in a process of their own, and judges what the suite said of them."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mutants.declaring import Mutant
from stand.tocsin_process import clean_environment

TESTS = Path(__file__).parents[1]
PATIENCE = 600
HONEST = "honest"


@dataclass(frozen=True)
class Verdicts:
    """What the suite said, by the server and the clause."""

    said: dict[tuple[str, str], dict[str, str]]
    printed: str

    def expect_caught(self, mutant: Mutant) -> None:
        """Asks that the clause's check fails for the mutant, and passes without it."""
        honest = self.said.get((HONEST, mutant.breaks))
        assert honest is not None, f"{mutant.breaks} did not run:\n{self.printed}"
        assert honest["outcome"] == "passed", f"without the mutant: {honest}"
        wrong = self.said[mutant.id, mutant.breaks]
        # A MAY is reported; it fails no run.
        assert wrong["outcome"] in ("failed", "reported"), (
            f"a server that {mutant.does} escapes {mutant.breaks}: {wrong}"
        )
        assert wrong["reason"], f"the check of {mutant.breaks} does not say what is wrong"


def run_mutants(*options: str) -> Verdicts:
    """Runs them to the end; the options are those of `mutants/running.py`."""
    done = subprocess.run(
        [sys.executable, "-m", "mutants.running", *options],
        cwd=TESTS,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=clean_environment({"PYTHONPATH": str(TESTS)}),
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    said = {(each["mutant"], each["clause"]): each for each in lines}
    return Verdicts(said, f"{done.stderr}\nexit status {done.returncode}")
