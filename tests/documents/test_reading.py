"""Everything that is wrong with a text is told at once, with its line and its column."""

import time

import pytest

from tocsin.api.yandex.triggers.message import violations_of_document
from tocsin.documents.triggers import read_triggers

WRONG = """\
name: Nightly
labels: {team: 7}
rule:
  timer:
    cronExpression: 0 25 ? * * *
    payloads: x
    invokeFunctionWithRetry:
      functionId: f
      retrySettings: {retryAttempts: 9, interval: soon}
---
- name: second
  rule:
    messageQueue:
      queueId: q
      batchSettings: {size: 3}
      invokeFunction: {functionId: f}
- just text
---
kind: Integration
rule: {}
"""


def problems(text: str) -> list[tuple[int, int, str, str]]:
    read = read_triggers("text", text, violations_of_document)
    return [(*problem.place, problem.field, problem.description) for problem in read.problems]


def test_all_documents_are_told_with_place_field_and_the_words_of_the_contract() -> None:
    found = {(line, column, field): text for line, column, field, text in problems(WRONG)}
    timer = "rule.timer"
    retry = f"{timer}.invoke_function_with_retry.retry_settings"
    queue = "rule.message_queue"
    assert list(found) == [
        (1, 1, "name"),
        (2, 16, "labels[team]"),
        (5, 5, f"{timer}.cron_expression"),
        (6, 5, f"{timer}.payloads"),
        (9, 23, f"{retry}.retry_attempts"),
        (9, 51, f"{retry}.interval"),
        (13, 5, f"{queue}.service_account_id"),
        (15, 7, f"{queue}.batch_settings.cutoff"),
        (17, 3, ""),
        (19, 1, "kind"),
        (20, 1, "rule.rule"),
    ]
    assert found[1, 1, "name"].startswith("Field does not match the pattern")
    assert found[5, 5, f"{timer}.cron_expression"].startswith("hours: ")
    assert found[6, 5, f"{timer}.payloads"] == "unknown field; did you mean payload?"
    assert found[9, 23, f"{retry}.retry_attempts"] == "Value must be from 1 to 5, but was 9"
    assert found[9, 51, f"{retry}.interval"] == "must be a duration, such as 15s"
    assert found[13, 5, f"{queue}.service_account_id"] == "Field is required"


def test_a_field_that_is_wrong_by_its_type_is_not_told_as_missing_too() -> None:
    text = "rule: {timer: {cronExpression: 5, invokeFunctionWithRetry: {functionID: f}}}"
    assert [(field, words) for _, _, field, words in problems(text)] == [
        ("rule.timer.cron_expression", 'must be a string: put it in quotes, "5"'),
        (
            "rule.timer.invoke_function_with_retry.functionID",
            "unknown field; did you mean functionId?",
        ),
    ]


def test_a_field_by_both_of_its_names_is_refused() -> None:
    text = "folderId: a\nfolder_id: b\nrule: {mail: {invokeFunction: {functionId: f}}}"
    [(line, _, field, words)] = problems(text)
    assert (line, field, words) == (2, "folder_id", "conflicts with folderId: give one of them")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("name: 'a", 1, 9), ("name: a\n  b: c", 2, 4), ("a: 1\na: 2", 2, 1), ("x: \x1b", 1, 4)],
)
def test_what_is_not_yaml_is_told_with_its_place(text: str, line: int, column: int) -> None:
    [problem] = [each for each in problems(text) if each[2] == ""]
    assert problem[:2] == (line, column)


def test_documents_before_one_that_is_not_yaml_are_read() -> None:
    read = read_triggers("text", "name: first\nrule: {}\n---\n'", violations_of_document)
    assert [each.trigger.name for each in read.triggers] == ["first"]
    assert [problem.place.line for problem in read.problems] == [2, 4]


def test_an_empty_text_and_empty_documents_hold_nothing() -> None:
    assert problems("") == problems("---\n---\n# nothing\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"key{number}x: 1\n" for number in range(15_000)),
        "rule: {timer: {" + "cronExpresion: {" * 90 + "}" * 92,
        "---\nlabels: [1]\n" * 9_000,
        "k: &a [x,x,x,x]\nl: &b [*a,*a,*a,*a]\nm: &c [*b,*b,*b,*b]\n" + "n: [*c]\n",
        "\n---\n".join(["x: &a [" + "1," * 1000 + "]\ny: [" + "*a," * 18 + "]"] * 80),
        "labels: {" + ", ".join(f"k{number}: {{a: b}}" for number in range(15_000)) + "}",
    ],
    ids=["unknown fields", "deep", "many documents", "aliases", "aliases of many", "wrong labels"],
)
def test_what_a_stranger_sends_costs_little(text: str) -> None:
    began = time.process_time()
    assert problems(text)
    assert time.process_time() - began < 20
