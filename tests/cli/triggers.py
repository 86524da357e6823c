"""Triggers that tests of the other commands need."""

from cli.person import Person
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

# Comes once, long after the test.
TICK = "2098-01-31T03:00:00Z"
TIMER = """\
rule:
  timer:
    cronExpression: 0 3 31 1 ? 2098
    payload: go
    invokeFunctionWithRetry:
      functionId: {function}
"""
MAIL = """\
rule:
  mail:
    invokeFunction: {{functionId: {function}}}
"""
# No configuration says where that queue is, so what failed stays on its way there.
DEAD_LETTERED = TIMER + "      deadLetterQueue: {{queueId: nowhere, serviceAccountId: aje1}}\n"


def create(person: Person, name: str, rule: str = TIMER) -> Trigger:
    """Creates a trigger that calls a function of the person's own; see `path_of`."""
    text = f"name: {name}\n{rule.format(function=function_of(person))}"
    return person.reads(Trigger, "triggers", "create", "-f", "-", stdin=text)


def function_of(person: Person) -> str:
    return f"d4e{person.folder[3:]}"


def path_of(person: Person) -> str:
    """The path at which the target is called."""
    return f"/{function_of(person)}"
