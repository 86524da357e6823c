"""Finds the names of what invocations come from."""

import re
from collections.abc import Sequence

from tocsin.api.tocsin.invocations.message import is_integration
from tocsin.store.driver.transaction import Transaction
from tocsin.store.invocations.rows import NOTICE_ORIGIN
from tocsin.store.triggers.rows import names_of

NOTICE_OF = "notice of "
# The origin of a notice has colons in the place of slashes.
PATH_END = re.compile(r":(?:integrations|schedules):([^:]+)")


def origin_names(tx: Transaction, origins: Sequence[str]) -> dict[str, str]:
    """Returns the names of triggers that have one, and the last parts of integrations' names.

    A notice has the name of what it tells of, or its id, behind `notice of `.
    """
    distinct = list(dict.fromkeys(origins))
    integrations = {one: one.rpartition("/")[2] for one in distinct if is_integration(one)}
    told = {one: one.removeprefix(NOTICE_ORIGIN) for one in distinct if is_notice(one)}
    triggers = [told.get(one, one) for one in distinct if one not in integrations]
    names = names_of(tx, list(dict.fromkeys(triggers)))
    notices = {one: NOTICE_OF + (names.get(of) or _last_part(of)) for one, of in told.items()}
    return integrations | names | notices


def _last_part(told: str) -> str:
    """Returns the last part of an integration's or a schedule's name, or an id as it is."""
    found = PATH_END.search(told)
    return told if found is None else found[1]


def is_notice(origin: str) -> bool:
    """Returns whether it is the origin of notices."""
    return origin.startswith(NOTICE_ORIGIN)
