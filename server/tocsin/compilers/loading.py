"""Reads stored triggers into plans, whichever contract they came by."""

from collections.abc import Callable
from typing import TypeAlias

from tocsin.compilers import triggers_v1
from tocsin.plans.plan import Plan

# Returns the plan of a stored message; a ValueError says why that can't be carried out.
Compiler: TypeAlias = Callable[[bytes], Plan]

# By the name that `triggers.contract` has for each contract: the package of its messages.
COMPILERS: dict[str, Compiler] = {triggers_v1.CONTRACT: triggers_v1.load_plan}


def load_plan(contract: str, message: bytes) -> Plan:
    """Returns the plan of a stored trigger.

    Raises:
        ValueError: this version does not know the contract, or the message is not one of it that
            can be carried out.
    """
    compiler = COMPILERS.get(contract)
    if compiler is None:
        raise ValueError(f"this version of the server does not know its contract, {contract}")
    return compiler(message)
