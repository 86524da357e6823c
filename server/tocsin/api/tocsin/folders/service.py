"""Serves `tocsin.v1.FolderService`, which lists triggers and changes many at once."""

import asyncio
from collections.abc import Mapping
from functools import partial

from tocsin.access.permissions.resources import folder
from tocsin.access.permissions.roles import Permission
from tocsin.api.tocsin.folders.changing import ChangeOne, Changing, position_in, text_of
from tocsin.api.tocsin.folders.message import rows_of
from tocsin.api.tocsin.folders.selecting import (
    check_sight,
    find_triggers,
    parts_in_order,
    wanted_by,
)
from tocsin.store.driver.database import Database
from tocsin.store.driver.transaction import Transaction
from tocsin.store.triggers.counting import (
    FOLDERS_AT_ONCE,
    TriggerCounts,
    count_by_state,
    count_with,
    folders_after,
    paused_by_folder,
)
from tocsin.wire.calls import Call
from tocsin.wire.paging import PageTokens, page_of, page_size
from tocsin.wire.serving import Method
from tocsin_protos.tocsin.v1 import folder_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["FolderService"]

# A folder's triggers are counted up to this, and pauses of all folders together up to that.
COUNTED_UP_TO, PAUSES_COUNTED = 10_000, 3000
# The most folders that a call looks at for a caller who may see only some.
MOST_LOOKED_AT = 1000
PAUSE, RESUME, DELETE = "Pause", "Resume", "Delete"


class FolderService:
    """Serves `FolderService`.

    `changes` are the calls by which a trigger is paused, resumed and deleted, by the names of
    their methods.
    """

    def __init__(
        self, database: Database, pages: PageTokens, changes: Mapping[str, ChangeOne]
    ) -> None:
        self._database = database
        self._pages = pages
        self._changing = Changing(database)
        self._changes = changes

    def methods(self) -> dict[str, Method]:
        return {
            "ListFolders": self.list_folders,
            "ListTriggers": self.list_triggers,
            "PauseTriggers": self.pause,
            "ResumeTriggers": self.resume,
            "DeleteTriggers": self.delete,
        }

    async def list_folders(
        self, request: contract.ListFoldersRequest, call: Call
    ) -> contract.ListFoldersResponse:
        """Lists the folders that the caller may see, with the number of their triggers."""
        tokens = self._pages.of(call, request, request.prefix)
        size, after = page_size(request.page_size), tokens.position(request.page_token)
        ids, rest = await self._visible(call, request.prefix, after, size)
        answer = contract.ListFoldersResponse()
        paused = await self._database.read(partial(paused_by_folder, limit=PAUSES_COUNTED))
        # Where many are paused, each folder's triggers are looked at.
        count = count_by_state if paused is None else partial(count_with, paused=paused)
        for folder_id in ids:
            # One at a time, as a folder can be large.
            counts = await self._database.read(
                partial(count, folder_id=folder_id, limit=COUNTED_UP_TO)
            )
            answer.folders.append(_folder(folder_id, counts))
            await asyncio.sleep(0)
        if rest:
            answer.next_page_token = tokens.token(rest)
        return answer

    async def _visible(
        self, call: Call, prefix: str, token: str | None, size: int
    ) -> tuple[list[str], str]:
        """Returns folders that the caller may see, and after which one the list goes on."""
        visible: list[str] = []
        # The first with the prefix may be the prefix itself.
        after = prefix[:-1] if token is None else token
        for _ in range(0, MOST_LOOKED_AT, FOLDERS_AT_ONCE):
            ids = await self._database.read(partial(folders_after, after=after))
            for folder_id in ids:
                if folder_id[: len(prefix)].casefold() > prefix.casefold():
                    return visible, ""
                if folder_id.startswith(prefix) and call.sees(folder(folder_id)):
                    if len(visible) == size:
                        return visible, visible[-1]
                    visible.append(folder_id)
            if len(ids) < FOLDERS_AT_ONCE:
                return visible, ""
            after = ids[-1]
        return visible, after

    async def list_triggers(
        self, request: contract.ListTriggersRequest, call: Call
    ) -> contract.ListTriggersResponse:
        """Lists the triggers of a folder, with their latest invocations."""
        resource = folder(request.folder_id)
        check_sight(request.filter, call, resource)
        wanted, parts = wanted_by(request.filter, "filter"), parts_in_order(request.order_by)
        narrowing = request.filter.SerializeToString(deterministic=True).hex()
        tokens = self._pages.of(call, request, request.folder_id, request.order_by, narrowing)
        size, after = page_size(request.page_size), position_in(tokens, request.page_token)
        found = await find_triggers(
            self._database, request.folder_id, wanted, parts, after=after, limit=size
        )
        shows = call.may(Permission.INVOCATIONS_LIST, resource)

        def read(tx: Transaction) -> list[contract.TriggerRow]:
            return rows_of(tx, found.triggers, with_invocations=shows)

        rows = await self._database.read(read)
        page, cut = page_of(rows, size, contract.TriggerRow.ByteSize)
        rest = found.rows[len(page) - 1][0] if cut else found.rest
        token = "" if rest is None else tokens.token(text_of(rest))
        return contract.ListTriggersResponse(triggers=page, next_page_token=token)

    async def pause(
        self, request: contract.PauseTriggersRequest, call: Call
    ) -> contract.PauseTriggersResponse:
        """Pauses the triggers of a selection."""
        return contract.PauseTriggersResponse(changes=await self._change(PAUSE, request, call))

    async def resume(
        self, request: contract.ResumeTriggersRequest, call: Call
    ) -> contract.ResumeTriggersResponse:
        """Resumes the triggers of a selection."""
        return contract.ResumeTriggersResponse(changes=await self._change(RESUME, request, call))

    async def delete(
        self, request: contract.DeleteTriggersRequest, call: Call
    ) -> contract.DeleteTriggersResponse:
        """Deletes the triggers of a selection."""
        return contract.DeleteTriggersResponse(changes=await self._change(DELETE, request, call))

    async def _change(
        self,
        method: str,
        request: contract.PauseTriggersRequest
        | contract.ResumeTriggersRequest
        | contract.DeleteTriggersRequest,
        call: Call,
    ) -> contract.TriggerChanges:
        selection = request.selection
        if selection.HasField("filter"):
            check_sight(selection.filter, call, folder(request.folder_id))
        narrowing = selection.filter.SerializeToString(deterministic=True).hex()
        tokens = self._pages.of(call, request, request.folder_id, narrowing)
        return await self._changing.change(
            request.folder_id, selection, call, tokens, self._changes[method]
        )


def _folder(folder_id: str, counts: TriggerCounts) -> contract.Folder:
    def count(number: int) -> contract.TriggerCount:
        return contract.TriggerCount(count=number, at_least=counts.at_least)

    return contract.Folder(
        id=folder_id,
        triggers=count(counts.triggers),
        active_triggers=count(counts.triggers - counts.paused),
        paused_triggers=count(counts.paused),
    )
