"""What is written as a document is read back, to the last field."""

import json
import re

import pytest
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings

from documents.any_trigger import ALL_RULES, TEXTS, triggers
from tocsin.api.yandex.triggers.message import violations_of_document
from tocsin.documents import plain_yaml
from tocsin.documents.triggers import (
    file_name,
    json_of,
    read_triggers,
    written,
    yaml_of,
    yaml_of_all,
)
from tocsin.documents.writing import as_yaml
from tocsin.printable import printable
from tocsin_protos.yandex.cloud.serverless.triggers.v1.trigger_pb2 import Trigger


def read_back(text: str) -> list[Trigger]:
    read = read_triggers("text", text, violations_of_document)
    assert read.problems == []
    return [each.trigger for each in read.triggers]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(triggers())
def test_a_trigger_is_read_as_it_was_written(trigger: Trigger) -> None:
    assert read_back(yaml_of(trigger)) == [written(trigger)]
    assert read_back(json_of([trigger])) == [written(trigger)]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(triggers())
def test_what_get_answers_is_a_document(trigger: Trigger) -> None:
    [read] = read_back(json_format.MessageToJson(trigger))
    read.ClearField("id")
    expected = written(trigger)
    expected.folder_id, expected.status = trigger.folder_id, trigger.status
    assert read == expected


@given(TEXTS)
def test_text_survives_yaml_as_a_value_and_as_a_key(text: str) -> None:
    value = {"value": text, text: [text]}
    written_text = as_yaml(value)
    assert written_text == printable(written_text, newlines=True)
    root = plain_yaml.read(written_text)
    assert root is not None
    assert plain_yaml.value(root) == value


def test_several_triggers_are_several_documents_or_a_list() -> None:
    several = [
        Trigger(name=f"trigger-{number}", rule=json_format.ParseDict(rule, Trigger.Rule()))
        for number, rule in enumerate(ALL_RULES)
    ]
    assert read_back(yaml_of_all(several)) == [written(each) for each in several]
    assert read_back(json_of(several)) == [written(each) for each in several]
    assert len(json.loads(json_of(several))) == len(several)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/abs", "..", ".", "a\nb", "a\\b"])
def test_a_file_of_a_hostile_name_stays_in_its_directory(name: str) -> None:
    assert re.fullmatch(r"[-_a-z0-9]+", file_name(Trigger(name=name)))
    assert file_name(Trigger(id="a1s0", name="nightly-job")) == "nightly-job"
    assert file_name(Trigger(id="a1s0")) == "a1s0"


def test_a_trigger_without_a_name_keeps_its_id() -> None:
    trigger = Trigger(
        id="a1s00000000000000001", rule=json_format.ParseDict(ALL_RULES[0], Trigger.Rule())
    )
    [read] = read_back(yaml_of(trigger))
    assert read.id == trigger.id


@pytest.mark.parametrize("word", ["true", "null", "1e5", "-12", "0.5e-3"])
def test_words_that_look_like_other_values_are_quoted(word: str) -> None:
    assert as_yaml({"a": word}) == f"a: '{word}'\n"


@pytest.mark.parametrize(
    "text",
    [
        '{\n\t"a":\t[\n\t\t1,\t2\n\t]\n}',
        '{"a": "\\ud83d\\ude00 \\\\ud83d\\\\ude00 \\\\\\ud83d\\ude00 \\uD83D\\uDE00 \\/"}',
        '[{"a": "tab\\there"}, {"b": 1e3}]\n',
        '\n {"a": {"b": "line\\nbreak \\u2028 \\u0000"}, "c": null}',
    ],
)
def test_json_is_read_as_json_says(text: str) -> None:
    root = plain_yaml.read(text)
    assert root is not None
    assert plain_yaml.value(root) == json.loads(text)
