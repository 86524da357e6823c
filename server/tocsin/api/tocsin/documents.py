"""Serves `tocsin.v1.DocumentService`, which reads and writes triggers as documents."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from tocsin.api.yandex.triggers.message import violations_of_document
from tocsin.contract.text import nul_violations
from tocsin.contract.validation import REQUIRED, Violation
from tocsin.documents.curl import curl_of
from tocsin.documents.terraform import TerraformError, terraform_of
from tocsin.documents.triggers import ReadTriggers, json_of, read_triggers, yaml_of_all
from tocsin.wire import errors
from tocsin.wire.serving import SelfChecked, Served
from tocsin_protos.tocsin.v1 import document_service_pb2 as contract

SERVICE = contract.DESCRIPTOR.services_by_name["DocumentService"]

LONGEST_TEXT = 262_144
MOST_TRIGGERS = 1000
# More do not help a person, and an answer must not be much larger than its request.
MOST_VIOLATIONS = 1000
# Text that takes longer than a millisecond or so is not read in the loop.
_SHORT_TEXT = 1000

_Form = contract.RenderTriggersRequest

T = TypeVar("T")


class DocumentService:
    """Serves `DocumentService`; `guarded` says whether callers need a credential."""

    def __init__(self, *, guarded: bool) -> None:
        self._guarded = guarded
        # One long text at a time, as they share the interpreter with all other calls.
        self._turns = asyncio.Lock()

    def methods(self) -> dict[str, Served]:
        return {
            "ParseTriggers": SelfChecked(self.parse, _violations_of_parse),
            "RenderTriggers": SelfChecked(self.render, _violations_of_render),
        }

    async def parse(self, request: contract.ParseTriggersRequest) -> contract.ParseTriggersResponse:
        """Reads the triggers of a text."""
        long = len(request.text) > _SHORT_TEXT
        return await self._in_turn(long, lambda: _parsed(request))

    async def render(
        self, request: contract.RenderTriggersRequest
    ) -> contract.RenderTriggersResponse:
        """Writes triggers in one form."""
        long = len(request.triggers) > 1
        text = await self._in_turn(long, lambda: _rendered(request, guarded=self._guarded))
        return contract.RenderTriggersResponse(text=text)

    async def _in_turn(self, long: bool, work: Callable[[], T]) -> T:
        if not long:
            return work()
        async with self._turns:
            return await asyncio.to_thread(work)


def _parsed(request: contract.ParseTriggersRequest) -> contract.ParseTriggersResponse:
    read: ReadTriggers = read_triggers("text", request.text, violations_of_document)
    response = contract.ParseTriggersResponse()
    for each in read.triggers:
        parsed = response.triggers.add(trigger=each.trigger, line=each.document.place.line)
        parsed.trigger.folder_id = each.trigger.folder_id or request.folder_id
    for problem in read.problems[:MOST_VIOLATIONS]:
        response.violations.add(
            line=problem.place.line,
            column=problem.place.column,
            field=problem.field,
            description=problem.description,
        )
    return response


def _rendered(request: contract.RenderTriggersRequest, *, guarded: bool) -> str:
    match request.form:
        case _Form.FORM_YAML:
            return yaml_of_all(request.triggers)
        case _Form.FORM_JSON:
            return json_of(request.triggers)
        case _Form.FORM_CURL:
            address = request.address
            return "\n".join(curl_of(each, address, guarded=guarded) for each in request.triggers)
    resources = []
    for index, trigger in enumerate(request.triggers):
        try:
            resources.append(terraform_of(trigger))
        except TerraformError as error:
            raise errors.invalid_field(f"triggers[{index}].{error.field}", error.reason) from error
    return "\n".join(resources)


def _violations_of_parse(request: contract.ParseTriggersRequest) -> Sequence[Violation]:
    if not request.text:
        return [Violation("text", REQUIRED)]
    if len(request.text) > LONGEST_TEXT:
        description = f"must have at most {LONGEST_TEXT} characters, but has {len(request.text)}"
        return [Violation("text", description)]
    return []


def _violations_of_render(request: contract.RenderTriggersRequest) -> Sequence[Violation]:
    violations = nul_violations(request, request.SerializeToString())
    if not 1 <= len(request.triggers) <= MOST_TRIGGERS:
        count = len(request.triggers)
        violations.append(
            Violation("triggers", f"must be 1 to {MOST_TRIGGERS} triggers, but are {count}")
        )
    known = _Form.Form.DESCRIPTOR.values_by_number
    if request.form not in known or request.form == _Form.FORM_UNSPECIFIED:
        forms = ", ".join(value.name for number, value in known.items() if number)
        violations.append(Violation("form", f"must be one of {forms}"))
    return violations
