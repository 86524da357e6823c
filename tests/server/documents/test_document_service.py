"""DocumentService reads triggers from text and writes them, over both wires."""

import json
import shlex

import pytest

from stand.apis.rules import RULES
from stand.apis.tocsin import TocsinApi, TocsinGrpc, TocsinRest
from stand.apis.triggers import GrpcApi, create
from stand.apis.wire import Json, Refused, send
from stand.tocsin_process import Tocsin

TEXT = """\
name: nightly
labels: {team: a}
status: PAUSED
rule:
  timer:
    cronExpression: 0 3 ? * * *
    invokeFunctionWithRetry: {functionId: d4e00000000000000001}
---
name: mails
rule:
  mail:
    invokeFunction: {functionId: d4e00000000000000001}
"""
LONGEST = 262_144


@pytest.fixture(params=["grpc", "rest"])
def documents(request: pytest.FixtureRequest, server: Tocsin) -> TocsinApi:
    if request.param == "rest":
        return TocsinRest(server.http_address)
    return TocsinGrpc(server.grpc_address)


def parsed(documents: TocsinApi, text: str, **more: str) -> Json:
    return documents.call("DocumentService.ParseTriggers", {"text": text, **more})


def rendered(documents: TocsinApi, form: str, *triggers: Json, **more: str) -> str:
    request = {"triggers": list(triggers), "form": f"FORM_{form}", **more}
    return str(documents.call("DocumentService.RenderTriggers", request)["text"])


def test_a_text_becomes_triggers(documents: TocsinApi, folder: str) -> None:
    answer = parsed(documents, TEXT, folderId=folder)
    assert not answer.get("violations")
    nightly, mails = answer["triggers"]
    assert (nightly["line"], mails["line"]) == (1, 9)
    assert nightly["trigger"]["status"] == "PAUSED"
    assert nightly["trigger"]["folderId"] == mails["trigger"]["folderId"] == folder


def test_what_was_parsed_can_be_created(
    documents: TocsinApi, grpc_api: GrpcApi, folder: str
) -> None:
    [_, mails] = parsed(documents, TEXT, folderId=folder)["triggers"]
    created = create(grpc_api, folder, name="mails", rule=mails["trigger"]["rule"])
    text = rendered(documents, "YAML", created)
    assert text == (
        "name: mails\nrule:\n  mail:\n    invokeFunction:\n      functionId: d4e00000000000000001\n"
    )


def test_violations_come_all_at_once_with_their_places(documents: TocsinApi) -> None:
    text = TEXT.replace("0 3 ?", "0 30 ?").replace("name: mails", "nam: mails")
    answer = parsed(documents, text)
    assert [(each["line"], each["column"], each["field"]) for each in answer["violations"]] == [
        (6, 5, "rule.timer.cron_expression"),
        (9, 1, "nam"),
    ]
    assert answer["violations"][1]["description"] == "unknown field; did you mean name?"


def test_nothing_is_written(documents: TocsinApi, grpc_api: GrpcApi, folder: str) -> None:
    parsed(documents, TEXT, folderId=folder)
    assert "triggers" not in grpc_api.call("List", {"folderId": folder})


def test_text_that_is_not_yaml_is_an_answer_too(documents: TocsinApi) -> None:
    [violation] = parsed(documents, "name: 'nightly")["violations"]
    assert (violation["line"], violation["column"]) == (1, 15)
    assert "field" not in violation or violation["field"] == ""


@pytest.mark.parametrize("text", ["", "x" * (LONGEST + 1)], ids=["empty", "too long"])
def test_a_text_that_is_empty_or_too_long_is_refused(documents: TocsinApi, text: str) -> None:
    with pytest.raises(Refused) as refused:
        parsed(documents, text)
    assert refused.value.code == "INVALID_ARGUMENT"
    assert list(refused.value.fields) == ["text"]


def test_a_text_of_the_longest_length_is_answered(documents: TocsinApi) -> None:
    line = "name: nightly  # "
    answer = parsed(documents, line + "x" * (LONGEST - len(line)))
    assert [each["field"] for each in answer["violations"]] == ["rule"]


def test_violations_of_a_hostile_text_are_bounded(documents: TocsinApi) -> None:
    answer = parsed(documents, "".join(f"k{number}: 1\n" for number in range(15_000)))
    assert len(answer["violations"]) == 1000


@pytest.mark.parametrize("form", ["YAML", "JSON"])
def test_what_was_rendered_is_parsed_again(documents: TocsinApi, folder: str, form: str) -> None:
    triggers = [
        {"name": f"trigger-{number}", "folderId": folder, "rule": rule}
        for number, rule in enumerate(RULES.values())
    ]
    answer = parsed(documents, rendered(documents, form, *triggers), folderId=folder)
    assert not answer.get("violations")
    again = [each["trigger"] for each in answer["triggers"]]
    assert rendered(documents, form, *again) == rendered(documents, form, *triggers)
    assert len(again) == len(RULES)


def test_terraform_and_curl(documents: TocsinApi, folder: str) -> None:
    timer = {"name": "nightly", "folderId": folder, "rule": RULES["timer-invokeFunctionWithRetry"]}
    terraform = rendered(documents, "TERRAFORM", timer)
    assert terraform.startswith('resource "yandex_function_trigger" "nightly" {\n')
    curl = rendered(documents, "CURL", timer, address="http://there:1")
    assert "http://there:1/triggers/v1/triggers" in curl
    assert "Authorization" not in curl


def test_the_command_of_curl_makes_the_trigger(server: Tocsin, folder: str) -> None:
    api = TocsinRest(server.http_address)
    timer = {"name": "it-is", "folderId": folder, "rule": RULES["timer-invokeFunction"]}
    words = shlex.split(rendered(api, "CURL", timer, address=f"http://{server.http_address}"))
    path = next(word for word in words if word.startswith("http")).partition("/triggers")[1:]
    body = words[words.index("-d") + 1].encode()
    reply = send(server.http_address, "POST", "".join(path), body)
    assert reply.status == 200
    assert json.loads(reply.text)["response"]["name"] == "it-is"


def test_a_kind_that_terraform_lacks_is_refused_by_name(documents: TocsinApi) -> None:
    budget = {"name": "budget", "rule": RULES["billingBudget-invokeFunction"]}
    with pytest.raises(Refused) as refused:
        rendered(documents, "TERRAFORM", budget)
    assert list(refused.value.fields) == ["triggers[0].rule.billing_budget"]


def test_a_form_is_required(documents: TocsinApi) -> None:
    with pytest.raises(Refused) as refused:
        documents.call("DocumentService.RenderTriggers", {"triggers": [{"name": "a"}]})
    assert list(refused.value.fields) == ["form"]
