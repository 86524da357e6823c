"""Triggers for Terraform and for curl."""

import json
import shlex
from textwrap import dedent

import pytest
from google.protobuf import json_format

from stand.apis.rules import KINDS, RULES
from tocsin.documents.curl import curl_of
from tocsin.documents.terraform import TerraformError, terraform_of
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger

# What yandex_function_trigger does not have.
NOT_IN_TERRAFORM = {"iotBrokerMessage", "billingBudget"}


def trigger_of(rule: object, **fields: object) -> Trigger:
    return json_format.ParseDict({"name": "nightly-job", "rule": rule, **fields}, Trigger())


def test_a_timer_for_terraform() -> None:
    trigger = trigger_of(
        RULES["timer-invokeFunctionWithRetry"],
        folderId="b1g0",
        description='says "${hi}" and %{more}\nin \\ lines',
        labels={"team": "a", "b/c": ""},
    )
    assert terraform_of(trigger) == dedent(
        r"""
        resource "yandex_function_trigger" "nightly_job" {
          name        = "nightly-job"
          description = "says \"$${hi}\" and %%{more}\nin \\ lines"
          folder_id   = "b1g0"
          labels = {
            "b/c" = ""
            team  = "a"
          }
          timer {
            cron_expression = "0 9 ? * MON-FRI 2098"
            payload         = "{\"job\": \"nightly\"}"
          }
          function {
            id                 = "d4e00000000000000fun"
            service_account_id = "aje00000000000000acc"
            tag                = "stable"
            retry_attempts     = "3"
            retry_interval     = "15"
          }
          dlq {
            queue_id           = "yrn:yc:ymq:ru-central1:b1g0:dead"
            service_account_id = "aje00000000000000acc"
          }
        }
        """
    ).removeprefix("\n")


def test_every_kind_and_target_is_written_for_terraform_or_refused_by_name() -> None:
    for case, rule in RULES.items():
        kind, action = case.split("-")
        if kind in NOT_IN_TERRAFORM or action == "gatewayWebsocketBroadcast":
            with pytest.raises(TerraformError) as refused:
                terraform_of(trigger_of(rule))
            assert refused.value.field.startswith("rule.")
        else:
            assert terraform_of(trigger_of(rule)).count("\n  name ") == 1


def test_what_terraform_lacks_stands_in_comments() -> None:
    text = terraform_of(trigger_of(RULES["dataStream-invokeFunction"], status="PAUSED"))
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert len(comments) == 3  # paused, the endpoint, the half second
    text = terraform_of(
        trigger_of({"iotMessage": {"registryId": "r", "invokeFunction": {"functionId": "f"}}})
    )
    assert text.startswith("# The provider wants a batch_cutoff")


def test_events_batches_and_lists_have_the_names_of_the_provider() -> None:
    storage = terraform_of(trigger_of(RULES["objectStorage-invokeContainer"]))
    assert "create       = true" in storage
    assert "delete       = true" in storage
    assert 'batch_cutoff = "20"' in storage
    assert 'batch_size   = "10"' in storage
    logging = terraform_of(trigger_of(RULES["logging-startWorkflow"]))
    assert 'levels         = ["warn", "error"]' in logging
    assert 'group_id       = "e230000000000000grp0"' in logging


def test_curl_says_the_trigger_to_rest() -> None:
    trigger = trigger_of(
        RULES["timer-invokeFunction"], folderId="b1g0", description="it's", status="PAUSED"
    )
    command = curl_of(trigger, "https://tocsin.example.com/", guarded=True)
    words = shlex.split(command)
    assert words[:3] == [
        "curl",
        "--fail-with-body",
        "https://tocsin.example.com/tocsin/v1/triggers:createPaused",
    ]
    assert "Authorization: Api-Key $TOCSIN_API_KEY" in words
    body = json.loads(words[words.index("-d") + 1])
    assert body["description"] == "it's"
    assert body["folderId"] == "b1g0"
    assert "status" not in body


def test_curl_without_access_control_names_no_credential() -> None:
    command = curl_of(trigger_of(RULES["mail-invokeFunction"]), "", guarded=False)
    assert "TOCSIN_API_KEY" not in command
    assert "http://127.0.0.1:8080/triggers/v1/triggers " in command


def test_there_are_eleven_kinds() -> None:
    assert len(KINDS) == 11
