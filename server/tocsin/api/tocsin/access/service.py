"""Serves `tocsin.v1.AccessService`, which manages accounts, their keys and their roles."""

from typing import Any

from tocsin.api.tocsin.access.accounts import Accounts
from tocsin.api.tocsin.access.bindings import Bindings
from tocsin.api.tocsin.access.credentials import Credentials
from tocsin.api.tocsin.access.keys import AuthorisedKeys
from tocsin.api.tocsin.access.whoami import WhoAmI, everybody
from tocsin.schedule import Clock
from tocsin.store.driver.database import Database
from tocsin.wire import errors
from tocsin.wire.ids import Ids
from tocsin.wire.paging import PageTokens
from tocsin.wire.serving import SelfChecked, Served
from tocsin_protos.tocsin.v1 import access_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["AccessService"]


def methods(database: Database, clock: Clock, ids: Ids, pages: PageTokens) -> dict[str, Served]:
    return {
        **Accounts(database, clock, ids, pages).methods(),
        **AuthorisedKeys(database, clock, ids).methods(),
        **Credentials(database, clock, ids).methods(),
        **Bindings(database, pages).methods(),
        **WhoAmI(database).methods(),
    }


def closed_methods() -> dict[str, Served]:
    """Returns methods that refuse nearly every call, for a server without access control.

    Otherwise anyone could make an administrator account for the time when access control is on.
    """

    async def refuse(_: Any) -> Any:
        raise errors.access_control_off()

    refusing = {method.name: SelfChecked(refuse, lambda _: ()) for method in SERVICE.methods}
    return {**refusing, "WhoAmI": everybody}
