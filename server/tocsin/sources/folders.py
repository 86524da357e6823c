"""Binds sources to folders: only triggers of these folders get their events."""

from collections.abc import Collection
from typing import Annotated, TypeAlias

from pydantic import BaseModel, Field, StringConstraints

EVERY_FOLDER = "*"

FolderId = Annotated[str, StringConstraints(min_length=1, max_length=50)]
# The folders whose triggers may get an event; None: all of them.
Folders: TypeAlias = frozenset[str] | None
NOBODY: Folders = frozenset()


def folder_set(names: Collection[str]) -> Folders:
    return None if EVERY_FOLDER in names else frozenset(names)


def admits(folders: Folders, folder_id: str) -> bool:
    return folders is None or folder_id in folders


class FolderSettings(BaseModel):
    """Sets the folders of a source."""

    folders: list[FolderId] | None = Field(
        None,
        description='Folders whose triggers get its events; `["*"]` is all. Left out, all of them '
        "do; under access control it must be set.",
        examples=[["b1g00000000000000001"]],
    )


class NamedFolderSettings(FolderSettings):
    """Sets the folders of a source that has parts with names of their own."""

    folders_of: dict[str, list[FolderId]] = Field({}, description="Folders of single parts.")

    @property
    def bound(self) -> bool:
        return self.folders is not None or bool(self.folders_of)

    def folders_for(self, name: str) -> Folders:
        """Returns the folders of a part; once any part is bound, no other is everybody's."""
        if not self.bound:
            return None
        return folder_set(self.folders_of.get(name, self.folders or ()))
