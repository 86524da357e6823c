"""All wrong servers, and a sample of them."""

from itertools import groupby

from mutants.declaring import Mutant, declared_in
from mutants.wrong import changing, from_the_contracts, operations, triggers

MUTANTS = sorted(declared_in((triggers, changing, operations)), key=lambda each: each.profile)
STRANGERS = list(declared_in((from_the_contracts,)))
OF_EACH_PROFILE = 4


def _spread(mutants: list[Mutant]) -> list[Mutant]:
    step = max(1, len(mutants) // OF_EACH_PROFILE)
    return mutants[::step][:OF_EACH_PROFILE]


# What CI runs: a few of every profile, from all over it.
SAMPLE = [
    each
    for _, mine in groupby(MUTANTS, key=lambda each: each.profile)
    for each in _spread(list(mine))
]
