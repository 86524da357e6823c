"""The suite catches wrong servers: a few of each profile. `make mutants` runs all of them."""

import pytest

from mutants.declaring import Mutant
from mutants.verdicts import Verdicts, run_mutants
from mutants.wrong.all import MUTANTS, SAMPLE


@pytest.fixture(scope="module")
def verdicts() -> Verdicts:
    return run_mutants("--sample")


@pytest.mark.parametrize("mutant", SAMPLE, ids=lambda each: each.id)
def test_the_suite_catches_it(mutant: Mutant, verdicts: Verdicts) -> None:
    verdicts.expect_caught(mutant)


def test_each_mutant_has_an_id_of_its_own() -> None:
    ids = [each.id for each in MUTANTS]
    assert sorted(ids) == sorted(set(ids))
