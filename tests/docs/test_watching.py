"""docs/watching.md, the dashboard and the alerts tell of metrics that there are."""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from google.protobuf.duration_pb2 import Duration

from docs.markdown import ROOT
from stand.certificates import issue
from stand.tocsin_process import Tocsin, serving
from telemetry.scraping import Scrape, scrape
from telemetry.test_metrics import create
from tocsin_protos.tocsin.v1.clock_service_pb2 import ClockServiceAdvanceRequest
from tocsin_protos.tocsin.v1.clock_service_pb2_grpc import ClockServiceStub

PAGE = ROOT / "docs" / "watching.md"
DASHBOARD = ROOT / "docs" / "grafana" / "tocsin.json"
ALERTS = ROOT / "docs" / "prometheus" / "alerts.yml"
ROW = re.compile(r"^\| `(tocsin_\w+)` \| (\w+) \| (.*?) \| (.*) \|$", re.MULTILINE)
NAME = re.compile(r"\btocsin_\w+")
OF_HISTOGRAM = re.compile(r"_(bucket|sum|count)$")

Row = tuple[str, str]


@pytest.fixture(scope="module")
def seen() -> Iterator[Scrape]:
    """The metrics of a server on which a timer fired, at a target that is not there."""
    config = '[targets]\nfunction = "http://127.0.0.1:1/"'
    with (
        tempfile.TemporaryDirectory() as made,
        serving(Path(made), config, *options_in(Path(made)), http="off") as server,
    ):
        create(server, "f", attempts=1)
        fire(server)
        yield scrape(server)


def options_in(directory: Path) -> tuple[str, ...]:
    certificate, key = issue(trustme.CA(), directory)
    tls = ("--tls", "127.0.0.1:0", "--tls-cert", str(certificate), "--tls-key", str(key))
    return ("--metrics", "127.0.0.1:0", "--clock", "manual", *tls)


def fire(server: Tocsin) -> None:
    with server.channel() as channel:
        request = ClockServiceAdvanceRequest(duration=Duration(seconds=90))
        ClockServiceStub(channel).Advance(request)


def documented() -> dict[str, tuple[str, set[str], str]]:
    """Type, labels and description of each metric that the page tells of."""
    return {
        name: (kind, set(re.findall(r"`(\w+)`", labels)), text)
        for name, kind, labels, text in ROW.findall(PAGE.read_text())
    }


def test_the_page_tells_of_each_metric_that_there_is(seen: Scrape) -> None:
    there = {
        name + ("_total" if family.type == "counter" else ""): (family.type, family.documentation)
        for name, family in seen.families.items()
        if name.startswith("tocsin_")
    }
    told = {name: (kind, text) for name, (kind, _, text) in documented().items()}
    assert told == there


def test_the_page_tells_the_labels(seen: Scrape) -> None:
    told = documented()
    for family in seen.families.values():
        for sample in family.samples:
            name = OF_HISTOGRAM.sub("", sample.name)
            if name in told:
                assert sample.labels.keys() - {"le"} == told[name][1], sample.name


def expressions(dashboard: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]


@pytest.mark.parametrize("file", [DASHBOARD, ALERTS], ids=lambda file: file.name)
def test_it_asks_for_nothing_that_there_is_not(file: Path) -> None:
    text = file.read_text()
    if file is DASHBOARD:
        text = "\n".join(expressions(json.loads(text)))
    asked = {OF_HISTOGRAM.sub("", name) for name in NAME.findall(text)}
    assert asked
    assert asked <= documented().keys()


def test_the_dashboard_shows_every_metric() -> None:
    shown = "\n".join(expressions(json.loads(DASHBOARD.read_text())))
    missing = [name for name in documented() if name not in shown]
    assert missing == []


def test_the_page_tells_what_to_do_about_each_alert() -> None:
    alerts = set(re.findall(r"- alert: (\w+)", ALERTS.read_text()))
    assert alerts == set(re.findall(r"^\| `(Tocsin\w+)` \|", PAGE.read_text(), re.MULTILINE))
