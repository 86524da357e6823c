"""All wrong servers, and a sample of them."""

from itertools import groupby

from mutants.declaring import Mutant, declared_in
from mutants.wrong import (
    access,
    changing,
    descriptors,
    executing,
    executions,
    firing,
    from_the_contracts,
    operations,
    rules,
    schedule,
    transcoding,
    triggers,
)

_MODULES = (
    triggers,
    changing,
    rules,
    operations,
    schedule,
    executions,
    executing,
    descriptors,
    transcoding,
    access,
    firing,
    from_the_contracts,
)
MUTANTS = sorted(declared_in(_MODULES), key=lambda each: each.profile)
STRANGERS = list(declared_in((from_the_contracts,)))
OF_EACH_PROFILE = 4


def _spread(mutants: list[Mutant]) -> list[Mutant]:
    # Timers tick on the minute; executions run at once.
    at_once = [m for m in mutants if m.breaks.startswith("firing.execution.")]
    mutants = at_once or mutants
    step = max(1, len(mutants) // OF_EACH_PROFILE)
    return mutants[::step][:OF_EACH_PROFILE]


# What CI runs: a few of every profile, from all over it.
SAMPLE = [
    each
    for _, mine in groupby(MUTANTS, key=lambda each: each.profile)
    for each in _spread(list(mine))
]
