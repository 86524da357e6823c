"""Applies the triggers of files before a server answers."""

from collections.abc import Sequence

from tocsin.api.yandex.triggers.seeding import SeedError, apply_seeds, read_seeds
from tocsin.api.yandex.triggers.service import TriggerService
from tocsin.composition.clocks import MACHINE_CLOCK
from tocsin.composition.composing import Works
from tocsin.composition.ground import Ground
from tocsin.composition.grpc_server import StartError
from tocsin.documents.changes import WantedTrigger
from tocsin.settings import Settings


def seeds_of(settings: Settings) -> list[WantedTrigger]:
    """Reads the triggers that the settings want to be applied.

    Raises:
        StartError: something in the files is wrong; it says where.
    """
    if settings.apply is None:
        return []
    try:
        return read_seeds(str(settings.apply), settings.apply_folder)
    except SeedError as error:
        raise StartError(str(error)) from error


async def plant(ground: Ground, works: Works, wanted: Sequence[WantedTrigger]) -> None:
    """Applies triggers, on one node at a time.

    Raises:
        StartError: a trigger is refused.
        StoreError: the store can't be reached.
    """
    if not wanted:
        return
    settings = ground.settings
    service = TriggerService(
        ground.database,
        ground.clock,
        works.ids,
        ground.pages,
        most_in_folder=settings.limits.triggers_per_folder,
        sole_queue=settings.sources.message_queue.sole_queue,
    )
    try:
        await apply_seeds(
            service,
            wanted,
            ground.database,
            clock=ground.clock,
            machine_clock=MACHINE_CLOCK,
            node=ground.node,
        )
    except SeedError as error:
        raise StartError(str(error)) from error
