"""Triggers of every kind that hypothesis makes up, within what the contract allows."""

from typing import Any

from google.protobuf import json_format
from hypothesis import strategies as st

from stand.apis.rules import LEAST, RULES
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

ALL_RULES = [*RULES.values(), *({kind: rule} for kind, rule in LEAST.items())]

# Text that YAML, HCL or a shell may take for something else.
TRICKY = st.sampled_from(
    [
        *("true", "null", "~", "no", "1e5", "0x1F", "12:30", "2026-01-31", "007", "-0", ".5", "="),
        *(
            "# no comment",
            "- item",
            "a: b",
            "${x}",
            "%{if}",
            "'",
            '"',
            "\\",
            "{}",
            "[]",
            "&a",
            "*a",
        ),
        *(" leads", "trails ", "two\nlines", "two\nlines\n", "\n", " \n x\n\n", "tab\tbed", "\r\n"),
        *("\x85", "\u2028", "\u202e", "\u200b", "\ufeff", "\x1b[31m", "\U0001f600", "é", "|", ">"),
    ]
)
WORDS = st.one_of(
    TRICKY, st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
)
TEXTS = st.lists(WORDS, max_size=4).map("".join)

NAMES = st.from_regex(r"[a-z][-a-z0-9]{1,61}[a-z0-9]", fullmatch=True)
KEYS = st.from_regex(r"[a-z][-_./@0-9a-z]{0,30}", fullmatch=True)
VALUES = st.one_of(
    st.from_regex(r"[-_./@0-9a-z]{0,30}", fullmatch=True),
    st.sampled_from(["true", "null", "1e5", "-", "0", "007", "1.0"]),
)


@st.composite
def triggers(draw: st.DrawFn) -> Trigger:
    """A trigger as Get answers it."""
    trigger = Trigger(
        id="a1s00000000000000001",
        folder_id="b1g00000000000000001",
        name=draw(NAMES),
        description=draw(TEXTS)[:500],
        labels=draw(st.dictionaries(KEYS, VALUES, max_size=4)),
        status=draw(st.sampled_from([Trigger.ACTIVE, Trigger.PAUSED])),
    )
    json_format.ParseDict(draw(st.sampled_from(ALL_RULES)), trigger.rule)
    kind = trigger.rule.WhichOneof("rule")
    rule: Any = getattr(trigger.rule, kind or "")
    if kind == "timer":
        rule.payload = draw(TEXTS)[:4096]
    if kind == "object_storage":
        rule.prefix, rule.suffix = draw(TEXTS), draw(TEXTS)
    if kind == "mail":
        rule.email = "a1s00000000000000001-00000000@serverless.yandexcloud.net"
    trigger.created_at.FromJsonString("2026-11-28T09:00:00Z")
    return trigger
