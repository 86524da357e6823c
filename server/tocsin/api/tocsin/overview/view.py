"""Decides what of an overview its caller may see."""

from dataclasses import dataclass
from typing import NamedTuple

from tocsin.access.permissions.bindings import EVERYTHING
from tocsin.access.permissions.resources import folder
from tocsin.access.permissions.roles import Permission
from tocsin.wire.calls import Call

SEEN = (Permission.TRIGGERS_LIST, Permission.INVOCATIONS_LIST, Permission.EXECUTIONS_LIST)


class ViewKey(NamedTuple):
    """What makes two views the same; `subject` is empty for those who see everything."""

    folder_id: str
    subject: str
    with_nodes: bool


@dataclass(frozen=True, slots=True)
class View:
    """What a call may show: of one folder, or of all if `folder_id` is empty."""

    folder_id: str
    call: Call

    @property
    def sees_everything(self) -> bool:
        """Whether it shows all triggers, invocations and executions there are."""
        return not self.folder_id and all(self.call.may(each, EVERYTHING) for each in SEEN)

    @property
    def sees_nodes(self) -> bool:
        return not self.folder_id and self.call.may(Permission.METRICS_GET, EVERYTHING)

    @property
    def key(self) -> ViewKey:
        caller = self.call.caller
        subject = "" if caller is None or self.sees_everything else caller.subject
        return ViewKey(self.folder_id, subject, self.sees_nodes)

    def triggers_of(self, folder_id: str) -> bool:
        """Returns whether it shows the triggers of a folder."""
        if self.folder_id and folder_id != self.folder_id:
            return False
        return self.call.may(Permission.TRIGGERS_LIST, folder(folder_id))

    def invocations_of(self, resource: str) -> bool:
        """Returns whether it shows the invocations of a resource."""
        if self.folder_id and resource != folder(self.folder_id):
            return False
        return self.call.may(Permission.INVOCATIONS_LIST, resource)

    def schedules_of(self, integration: str) -> bool:
        """Returns whether it shows the schedules of an integration."""
        return not self.folder_id and self.call.may(Permission.EXECUTIONS_LIST, integration)
