"""Compiles stored triggers into plans, whichever contract they belong to."""

from collections.abc import Callable
from typing import TypeAlias

from tocsin.compilers import triggers_v1
from tocsin.plans.plan import Plan

# Returns the plan of a stored message; a ValueError says why it has none.
Compiler: TypeAlias = Callable[[bytes], Plan]

# Compilers by the value of the column `triggers.contract`, which is the messages' package.
COMPILERS: dict[str, Compiler] = {triggers_v1.CONTRACT: triggers_v1.load_plan}


def load_plan(contract: str, message: bytes) -> Plan:
    """Returns the plan of a stored trigger.

    Raises:
        ValueError: this version does not know the contract, or the message is not a valid trigger
            of it.
    """
    compiler = COMPILERS.get(contract)
    if compiler is None:
        raise ValueError(f"this version of the server does not know its contract, {contract}")
    return compiler(message)
