"""Wrong servers of the profile `triggers`: creating, reading and listing."""

import re
from typing import Any

from mutants.changes import (
    Code,
    asks,
    in_response,
    made,
    refuses,
    says,
    set_to,
    shows,
    takes,
)
from mutants.proxies.calls import Call, Forward, Reply, refused
from tocsin_protos.yandex.cloud.serverless.triggers.v1 import trigger_pb2
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_service_pb2 import (
    CreateTriggerRequest,
    ListTriggersRequest,
)

GET, LIST, CREATE = ("TriggerService/Get", "TriggerService/List", "TriggerService/Create")
DELETE = "TriggerService/Delete"


def cron(call: Call) -> str:
    expression: str = call.request.rule.timer.cron_expression
    return expression


def a_field(number: int, pattern: str) -> Any:
    """Fits a Create whose cron expression has this in a field."""

    def fits(call: Call) -> bool:
        fields = cron(call).split()
        return number < len(fields) and re.search(pattern, fields[number]) is not None

    return fits


def leaves_a_trigger(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    if not reply.ok:
        valid = trigger_pb2.Trigger.Rule(
            timer=trigger_pb2.Trigger.Timer(
                cron_expression="0 0 29 2 ? 2096",
                invoke_function_with_retry=trigger_pb2.InvokeFunctionWithRetry(function_id="f"),
            )
        )
        left = CreateTriggerRequest(folder_id=call.request.folder_id, rule=valid)
        if re.fullmatch(r"[a-z][-a-z0-9]{1,61}[a-z0-9]", call.request.name):
            left.name = call.request.name
        call.ask(CREATE, left)
    return reply


def found_by_prefix(call: Call, forward: Forward) -> Reply:
    named = re.fullmatch(r'\s*name\s*=\s*"?([a-z][-a-z0-9]*)"?\s*', call.request.filter)
    if named is None:
        return forward(call.request)
    call.request.filter = ""
    reply = forward(call.request)
    if reply.ok:
        kept = [each for each in reply.message.triggers if each.name.startswith(named[1])]
        del reply.message.triggers[:]
        reply.message.triggers.extend(kept)
    return reply


def first_get_finds_nothing(call: Call, forward: Forward) -> Reply:
    first = call.memory.setdefault(call.request.trigger_id, 0) == 0
    call.memory[call.request.trigger_id] += 1
    return refused(Code.NOT_FOUND) if first else forward(call.request)


def remembers_names(call: Call, *, by_folder: bool) -> bool:
    name = call.request.name
    taken = call.memory.setdefault("names", set())
    key = (call.request.folder_id, name) if by_folder else name
    was = bool(name) and key in taken
    taken.add(key)
    return was


def only_method(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    return refused(Code.NOT_FOUND) if reply.code is Code.UNIMPLEMENTED else reply


def drop_last(message: Any, call: Call) -> None:
    if message.next_page_token and len(message.triggers) > 1:
        del message.triggers[-1]


def one_more(message: Any, call: Call) -> None:
    if call.request.page_size and message.next_page_token:
        message.triggers.add().CopyFrom(message.triggers[0])


def all_folders(message: Any, call: Call) -> None:
    folders = call.memory.setdefault("folders", [])
    for folder in folders:
        if folder != call.request.folder_id:
            asked = ListTriggersRequest(folder_id=folder, filter=call.request.filter)
            message.triggers.extend(call.ask(LIST, asked).message.triggers)


def in_all_folders(breaks: str, with_filter: bool) -> Any:
    def wrong(call: Call, forward: Forward) -> Reply:
        if call.method == CREATE:
            call.memory.setdefault("folders", []).append(call.request.folder_id)
        reply = forward(call.request)
        if call.method == LIST and reply.ok and bool(call.request.filter) is with_filter:
            all_folders(reply.message, call)
        return reply

    where = "that match a filter " if with_filter else ""
    return made(wrong, f"lists the triggers {where}of all folders", breaks, "")


def ignored_email(call: Call, forward: Forward) -> Reply:
    if call.method == CREATE:
        call.memory["email"] = call.request.rule.mail.email
    reply = forward(call.request)
    if call.method == GET and reply.ok and call.memory.get("email"):
        reply.message.rule.mail.email = call.memory["email"]
    return reply


def keeps_deleted(call: Call, forward: Forward) -> Reply:
    if call.method == DELETE:
        shown = call.ask(GET, call.request.__class__(trigger_id=call.request.trigger_id))
        call.memory.setdefault("deleted", []).append(shown.message)
    reply = forward(call.request)
    if call.method == LIST and reply.ok:
        reply.message.triggers.extend(each for each in call.memory.get("deleted", []) if each)
    return reply


def hides_what_the_filter_lacks(call: Call, forward: Forward) -> Reply:
    reply = forward(call.request)
    empty = reply.ok and call.request.filter and not reply.message.triggers
    return refused(Code.NOT_FOUND) if empty else reply


def counts(message: Any, call: Call) -> None:
    call.memory["n"] = call.memory.get("n", 0) + 1
    message.description = f"{message.description}{call.memory['n']}"


def last_trigger(call: Call) -> None:
    asked = call.request.trigger_id
    call.request.trigger_id = call.memory.setdefault("first", asked)


CREATING = [
    asks(
        "triggers.create.name.kept",
        CREATE,
        "keeps a name without its last character",
        lambda c: set_to(c.request, name=c.request.name[:-1]),
    ),
    asks(
        "triggers.create.description.kept",
        CREATE,
        "keeps a description without its end",
        lambda c: set_to(c.request, description=c.request.description[:-1]),
    ),
    asks("triggers.create.labels.kept", CREATE, "drops labels", lambda c: c.request.labels.clear()),
    shows(
        "triggers.create.folder_id.kept",
        GET,
        "shows triggers in a folder named default",
        lambda m, _: set_to(m, folder_id="default"),
    ),
    asks(
        "triggers.create.unset-stays-unset",
        CREATE,
        "describes what has no description",
        lambda c: set_to(c.request, description=c.request.description or "a trigger"),
    ),
    shows(
        "triggers.create.id.letters-and-digits",
        GET,
        "has hyphens in its ids",
        lambda m, _: set_to(m, id=f"{m.id[:4]}-{m.id[4:]}"),
    ),
    shows(
        "triggers.create.created_at.set",
        GET,
        "does not say when a trigger was created",
        lambda m, _: m.ClearField("created_at"),
    ),
    made(
        first_get_finds_nothing,
        "finds a new trigger at the second Get",
        "triggers.create.readable-at-once",
        GET,
    ),
    shows(
        "triggers.create.response.as-get",
        CREATE,
        "leaves the labels out of Create's response",
        lambda m, _: in_response(m, lambda t: set_to(t, description="another")),
    ),
    takes(
        "triggers.create.name.unique-across-kinds",
        CREATE,
        "takes a name twice",
        of=Code.ALREADY_EXISTS,
        family="triggers.create.name.unique*",
    ),
    takes(
        "triggers.create.name.unique-while-paused",
        CREATE,
        "takes the name of a paused trigger",
        of=Code.ALREADY_EXISTS,
    ),
    refuses(
        "triggers.create.name.per-folder",
        CREATE,
        "has one space of names for all folders",
        lambda c: remembers_names(c, by_folder=False),
        Code.ALREADY_EXISTS,
    ),
    refuses(
        "triggers.create.name.free-after-delete",
        CREATE,
        "keeps the names of the deleted",
        lambda c: remembers_names(c, by_folder=True),
        Code.ALREADY_EXISTS,
    ),
    refuses(
        "triggers.create.name.free-after-rename",
        CREATE,
        "keeps former names",
        lambda c: remembers_names(c, by_folder=True),
        Code.ALREADY_EXISTS,
    ),
    made(
        leaves_a_trigger,
        "makes a trigger of a Create that it refuses",
        "triggers.create.refused.leaves-nothing",
        CREATE,
    ),
    refuses(
        "triggers.create.description.characters",
        CREATE,
        "counts a description in bytes",
        lambda c: len(c.request.description.encode()) > 500,
    ),
    refuses(
        "triggers.create.rule.timer.payload.characters",
        CREATE,
        "counts a payload in bytes",
        lambda c: len(c.request.rule.timer.payload.encode()) > 4096,
    ),
    shows(
        "triggers.create.rule.mail.email.made",
        GET,
        "gives a mail trigger no address",
        lambda m, _: m.rule.mail.ClearField("email") if m.rule.HasField("mail") else None,
    ),
    made(
        ignored_email,
        "gives a mail trigger the address that was asked for",
        "triggers.create.rule.mail.email.ignored",
        "",
    ),
    takes(
        "triggers.create.name.race",
        CREATE,
        "lets several of a race have one name",
        of=Code.ALREADY_EXISTS,
    ),
    shows(
        "triggers.create.ids.race",
        CREATE,
        "gives triggers of a race one id",
        lambda m, c: m.metadata.CopyFrom(c.memory.setdefault("first", m.metadata)),
    ),
]

KEPT = [
    shows(
        f"triggers.create.rule.{kind}.{action}.kept",
        GET,
        f"forgets {what} of {kind} rules",
        change,
        family="triggers.create.rule.*.kept",
    )
    for kind, action, what, change in (
        (
            "timer",
            "invoke_function_with_retry",
            "the retry settings",
            lambda m, _: m.rule.timer.invoke_function_with_retry.ClearField("retry_settings"),
        ),
        (
            "message_queue",
            "invoke_container",
            "the visibility timeout",
            lambda m, _: m.rule.message_queue.ClearField("visibility_timeout"),
        ),
        (
            "object_storage",
            "start_workflow",
            "the suffix",
            lambda m, _: m.rule.object_storage.ClearField("suffix"),
        ),
        (
            "logging",
            "invoke_function",
            "the order of levels",
            lambda m, _: m.rule.logging.levels.reverse() or m.rule.logging.levels.append(1),
        ),
        (
            "mail",
            "gateway_websocket_broadcast",
            "the attachments' bucket",
            lambda m, _: m.rule.mail.ClearField("attachments_bucket"),
        ),
        (
            "data_stream",
            "invoke_container",
            "the dead letter queue",
            lambda m, _: m.rule.data_stream.invoke_container.ClearField("dead_letter_queue"),
        ),
    )
]

CRON = [
    *(
        refuses(
            f"triggers.cron.taken.{what}",
            CREATE,
            f"refuses {does}",
            when,
            family="triggers.cron.taken.*",
        )
        for what, does, when in (
            ("days.last", "L in the day of the month", a_field(2, "^L$")),
            ("days.nearest-weekday", "W in the day of the month", a_field(2, r"\dW")),
            ("weekdays.nth", "# in the day of the week", a_field(4, "#")),
            ("weekdays.first-and-last", "1 as a day of the week", a_field(4, "^1")),
            ("months.names-in-small-letters", "names in small letters", a_field(3, "[a-z]")),
            ("years.left-out", "an expression without a year", lambda c: len(cron(c).split()) == 5),
            ("years.last", "the year 2099", a_field(5, "2099")),
            ("minutes.step", "steps", a_field(0, "/")),
            ("hours.first-and-last", "the hour 23", a_field(1, "23")),
        )
    ),
    *(
        takes(
            f"triggers.cron.refused.{what}",
            CREATE,
            f"takes {does}",
            when,
            family="triggers.cron.refused.*",
        )
        for what, does, when in (
            ("minutes.above", "60 as a minute", a_field(0, "60")),
            ("hours.above", "24 as an hour", a_field(1, "24")),
            ("both-days-filled", "a day of the month and one of the week", a_field(2, r"[\d*]")),
            ("weekdays.below", "0 as a day of the week", a_field(4, "0")),
            ("weekdays.above", "8 as a day of the week", a_field(4, "8")),
            ("years.above", "2100 as a year", a_field(5, "2100")),
            ("too-few-fields", "four fields", lambda c: len(cron(c).split()) < 5),
            ("open-range", "a range without an end", lambda c: "-" in cron(c)),
        )
    ),
]

READING = [
    *(
        says(
            f"triggers.{method.lower()}.not-found",
            f"TriggerService/{method}",
            f"calls an unknown id an invalid argument of {method}",
            Code.INVALID_ARGUMENT,
            instead_of=Code.NOT_FOUND,
            family=f"triggers.{method.lower()}.not-found*",
        )
        for method in ("Get", "Update", "Delete", "Pause", "Resume")
    ),
    asks(
        "triggers.get.that-trigger",
        GET,
        "shows the first trigger that anyone asked for",
        last_trigger,
    ),
    shows("triggers.get.repeatable", GET, "counts its Gets in the description", counts),
    made(
        only_method, "says NOT_FOUND of methods that it lacks", "triggers.errors.unknown-method", ""
    ),
    made(
        only_method,
        "says NOT_FOUND of services that it lacks",
        "triggers.errors.unknown-service",
        "",
    ),
    *(
        takes(
            f"triggers.{method.lower()}.{field}.required",
            f"TriggerService/{method}",
            f"does not ask {method} for its {field}",
            field=field,
            family=f"triggers.{method.lower()}.*.required",
        )
        for method, field in (
            ("Get", "trigger_id"),
            ("Delete", "trigger_id"),
            ("Pause", "trigger_id"),
            ("Resume", "trigger_id"),
            ("List", "folder_id"),
        )
    ),
]

LISTING = [
    shows(
        "triggers.list.as-get",
        LIST,
        "lists triggers without their labels",
        lambda m, _: [each.ClearField("labels") for each in m.triggers],
    ),
    shows(
        "triggers.list.shows-new",
        LIST,
        "shows a new trigger at its second List",
        lambda m, c: (
            None
            if c.memory.setdefault("seen", [])
            else (c.memory["seen"].append(1), m.ClearField("triggers"))
        ),
    ),
    made(keeps_deleted, "lists what was deleted", "triggers.list.hides-deleted", ""),
    shows(
        "triggers.list.shows-paused",
        LIST,
        "lists active triggers alone",
        lambda m, _: [m.triggers.remove(e) for e in list(m.triggers) if e.status == 2],
    ),
    in_all_folders("triggers.list.of-one-folder", False),
    in_all_folders("triggers.list.filter.of-one-folder", True),
    shows("triggers.list.page-size.most", LIST, "has one trigger too many on a page", one_more),
    shows(
        "triggers.list.page-size.token-if-more",
        LIST,
        "ends a list with its first page",
        lambda m, _: m.ClearField("next_page_token"),
    ),
    shows("triggers.list.pages.each-once", LIST, "drops a trigger between two pages", drop_last),
    shows(
        "triggers.list.pages.last-has-no-token",
        LIST,
        "gives its last page a token",
        lambda m, _: set_to(m, next_page_token=m.next_page_token or "more"),
    ),
    asks(
        "triggers.list.pages.size-may-change",
        LIST,
        "keeps the page size of the first page",
        lambda c: set_to(
            c.request,
            page_size=c.memory.setdefault("size", c.request.page_size)
            if c.request.page_token
            else c.memory.update(size=c.request.page_size) or c.request.page_size,
        ),
    ),
    takes(
        "triggers.list.page-size.negative",
        LIST,
        "takes a negative page size",
        lambda c: c.request.page_size == -1,
        family="triggers.list.page-size.*negative",
    ),
    refuses(
        "triggers.list.page-size.1000",
        LIST,
        "refuses a page of 1000",
        lambda c: c.request.page_size == 1000,
    ),
    asks(
        "triggers.list.page-size.default",
        LIST,
        "has pages of 1000 if no size is given",
        lambda c: set_to(c.request, page_size=c.request.page_size or 1000),
    ),
    asks(
        "triggers.list.filter.quoted",
        LIST,
        "ignores a filter with quotes",
        lambda c: set_to(c.request, filter="" if '"' in c.request.filter else c.request.filter),
    ),
    asks(
        "triggers.list.filter.quoted-with-blanks",
        LIST,
        "ignores a filter with blanks",
        lambda c: set_to(c.request, filter="" if " " in c.request.filter else c.request.filter),
    ),
    refuses(
        "triggers.list.filter.bare",
        LIST,
        "refuses a value without quotes",
        lambda c: c.request.filter and '"' not in c.request.filter,
    ),
    made(found_by_prefix, "finds by the beginning of a name", "triggers.list.filter.exact", LIST),
    made(
        hides_what_the_filter_lacks,
        "says NOT_FOUND if a filter matches nothing",
        "triggers.list.filter.none",
        LIST,
    ),
    shows(
        "triggers.list.filter.empty",
        LIST,
        "shows nothing for an empty filter",
        lambda m, c: None if c.request.filter else m.ClearField("triggers"),
    ),
    *(
        takes(
            f"triggers.list.filter.refused.{what}",
            LIST,
            f"takes a filter with {does}",
            family="triggers.list.filter.refused.*",
        )
        for what, does in (
            ("other-field", "another field"),
            ("value-too-short", "two characters"),
            ("no-value", "no value"),
            ("other-operator", "the operator >"),
        )
    ),
]
