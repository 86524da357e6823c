"""The suite catches every wrong server that is declared: `make mutants`, half a minute."""

import pytest

from mutants.declaring import Mutant
from mutants.verdicts import Verdicts, run_mutants
from mutants.wrong.all import MUTANTS


@pytest.fixture(scope="module")
def verdicts() -> Verdicts:
    return run_mutants()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.id)
def test_the_suite_catches_it(mutant: Mutant, verdicts: Verdicts) -> None:
    verdicts.expect_caught(mutant)
