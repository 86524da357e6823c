"""`tocsin conformance` as people use it: what fails, what is declared, told and refused."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.own_checks import GET, OwnChecks, check, fake_server
from tocsin.conformance import command, running

GOOD = check("triggers.good.one", f"{GET}; assert answer.ok")
BAD = check("triggers.bad.one", f'{GET}; assert answer.message.name == "daily"')
BAD_SHOULD = check("triggers.bad.should", f"{GET}; assert not answer.ok", level="SHOULD")
BAD_MAY = check("triggers.bad.may", f"{GET}; assert not answer.ok", level="MAY")
LACKS = check("triggers.lacks.pause", "peer.triggers.Pause(contract.PauseTriggerRequest())")
DECLARED = check(
    "triggers.lacks.declared",
    "peer.triggers.Pause(contract.PauseTriggerRequest())",
    more=', features=("pause",)',
)
KNOWN = "known-failing:\n  triggers.bad.*: it is nightly\n"


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    with fake_server() as address:
        yield address


@pytest.fixture
def own(tmp_path: Path, target: str) -> OwnChecks:
    return OwnChecks(tmp_path, target)


def last(stdout: str) -> str:
    return stdout.strip().splitlines()[-1]


def test_a_server_that_passes_all_conforms(own: OwnChecks) -> None:
    done = own.run(triggers=GOOD)
    assert done.status == 0, done.stdout + done.stderr
    assert "The server conforms: 1 of 1 executed checks passed" in last(done.stdout)


@pytest.mark.parametrize(("text", "status"), [(BAD, 1), (BAD_SHOULD, 1), (BAD_MAY, 0)])
def test_a_must_and_a_should_fail_the_run_and_a_may_is_told(
    own: OwnChecks, text: str, status: int
) -> None:
    done = own.run(triggers=GOOD + text)
    assert done.status == status, done.stdout
    assert ("REPORTED  triggers.bad.may" in done.stdout) == (status == 0)


def test_a_failure_tells_all_that_one_needs(own: OwnChecks, tmp_path: Path, target: str) -> None:
    key = tmp_path / "key"
    key.write_text("swordfish-42\n")
    done = own.run("--key", str(key), "--folder", "f1", triggers=GOOD + BAD)
    text = done.stdout
    assert "FAILED  triggers.bad.one  (MUST)" in text
    assert "It MUST do." in text
    assert "Source: a page" in text
    assert "'nightly' == 'daily'" in text
    assert "> gRPC yandex.cloud.serverless.triggers.v1.TriggerService/Get" in text
    assert '>   trigger_id: "a1"' in text
    assert "> authorization: Api-Key [hidden]" in text
    assert "< set-cookie: [hidden]" in text
    assert '<   name: "nightly"' in text
    assert "swordfish" not in text + done.stderr
    assert "\x1b" not in text
    [again] = re.findall(r"Again: tocsin conformance (.*)", text)
    assert again == (
        f"--target {target} --key {key} --folder f1 "
        "--location projects/conformance/locations/local -k triggers.bad.one"
    )
    repeated = own.run_apart(*again.split()[2:], triggers=GOOD + BAD)
    assert "FAILED  triggers.bad.one" in repeated.stdout
    assert "0 of 1 executed" in last(repeated.stdout)


def test_a_whole_id_is_that_check_alone(own: OwnChecks) -> None:
    longer = check("triggers.good.one.more", "assert False")
    assert own.run("-k", "triggers.good.one", triggers=GOOD + longer).status == 0
    assert own.run("-k", "good.one", triggers=GOOD + longer).status == 1


def test_x_stops_at_the_first_failure(own: OwnChecks) -> None:
    done = own.run("-x", triggers=BAD + GOOD)
    assert done.status == 1
    assert "triggers.good.one  (MUST): the run ended before it" in done.stdout
    assert "0 of 1 executed" in last(done.stdout)


def test_a_run_that_is_interrupted_has_no_verdict_and_rewrites_nothing(own: OwnChecks) -> None:
    broken_off = check("triggers.a.b", "raise KeyboardInterrupt")
    files = {
        "triggers/test_own.py": GOOD + broken_off + BAD,
        "known.yaml": "known-failing:\n  triggers.bad.one: it is nightly\n",
    }
    words = ("--known-failing", "known.yaml", "--update-known-failing", "--report", "report")
    done = own.run(*words, files=files)
    assert done.status == 2, done.stdout
    assert "The run was interrupted: 1 of 1 executed checks passed" in done.stdout
    assert (own.directory / "known.yaml").read_text() == files["known.yaml"]
    report = yaml.safe_load((own.directory / "report" / "report.yaml").read_text())
    assert report["verdict"] == "interrupted"


def test_known_failures_are_run_and_one_that_passes_fails_the_run(own: OwnChecks) -> None:
    files = {"triggers/test_own.py": GOOD + BAD, "known.yaml": KNOWN}
    done = own.run("--known-failing", "known.yaml", files=files)
    assert done.status == 0, done.stdout
    assert "KNOWN FAILING  triggers.bad.one" in done.stdout
    assert "conforms in part: 1 of 2 executed checks passed" in last(done.stdout)
    files["known.yaml"] = KNOWN + "  triggers.good.one: no longer\n"
    done = own.run("--known-failing", "known.yaml", files=files)
    assert done.status == 1
    assert "FIXED  triggers.good.one" in done.stdout


def test_the_list_is_rewritten(own: OwnChecks) -> None:
    files = {
        "triggers/test_own.py": GOOD + BAD + BAD_SHOULD,
        "known.yaml": "# Ours.\nknown-failing:\n  triggers.good.one: no longer\n",
    }
    words = ("--known-failing", "known.yaml")
    assert own.run(*words, "--update-known-failing", files=files).status == 1
    text = (own.directory / "known.yaml").read_text()
    assert text.startswith("# Ours.\n")
    assert set(yaml.safe_load(text)["known-failing"]) == {"triggers.bad.one", "triggers.bad.should"}
    del files["known.yaml"]
    assert own.run(*words, files=files).status == 0


def test_unimplemented_fails_unless_it_is_declared(own: OwnChecks) -> None:
    done = own.run(triggers=GOOD + LACKS)
    assert done.status == 1
    assert "an answer was UNIMPLEMENTED" in done.stdout
    assert own.run(triggers=GOOD + DECLARED).status == 1
    files = {
        "triggers/test_own.py": GOOD + DECLARED,
        "features.yaml": "missing:\n  pause: planned\n",
    }
    done = own.run("--features", "features.yaml", files=files)
    assert done.status == 0, done.stdout
    assert "triggers.lacks.declared  (MUST): pause is declared missing: planned" in done.stdout
    assert "conforms in part: 1 of 1 executed checks passed" in last(done.stdout)


def test_unimplemented_may_be_what_a_clause_asks_for(own: OwnChecks) -> None:
    body = "peer.call('a.B/C', b'')"
    assert own.run(triggers=check("triggers.a.b", body, more=", unimplemented=True")).status == 0
    assert own.run(triggers=check("triggers.a.b", body)).status == 1


def test_a_run_that_executes_nothing_is_no_pass(own: OwnChecks) -> None:
    files = {
        "triggers/test_own.py": DECLARED,
        "features.yaml": "missing:\n  pause: planned\n",
    }
    assert own.run("--features", "features.yaml", files=files).status == 2


def test_a_check_that_skips_itself_fails(own: OwnChecks) -> None:
    done = own.run(triggers=GOOD + check("triggers.a.b", "pytest.skip('no time')"))
    assert done.status == 1
    assert "the check skipped itself" in done.stdout


def test_a_check_without_its_option_is_not_run(own: OwnChecks) -> None:
    done = own.run(triggers=GOOD + check("triggers.a.b", "peer.rest('GET', '/')"))
    assert done.status == 0
    assert "triggers.a.b  (MUST): needs --rest" in done.stdout
    assert "conforms in part" in last(done.stdout)


def test_what_can_not_be_taken_away_is_told(own: OwnChecks) -> None:
    text = (
        '@clause("triggers.a.b", MUST, "It MUST do.", source="a page")\n'
        "def test_made(made) -> None:\n    made.later(lambda: 'trigger a1: UNAVAILABLE')\n"
    )
    done = own.run("--report", "report", triggers=text)
    assert "Left behind: trigger a1: UNAVAILABLE" in done.stdout
    report = yaml.safe_load((own.directory / "report" / "report.yaml").read_text())
    assert report["left-behind"] == ["trigger a1: UNAVAILABLE"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (GOOD + GOOD.replace("def test_", "def test_2"), "triggers.good.one is the id of two"),
        ("def test_it() -> None: ...\n", "has no clause"),
        (check("schedule.a.b", "pass"), "an id begins with its profile"),
        (check("triggers.a.b", "pass", more=', features=("x",)'), "declared/features.py has no x"),
        ("import nonsense\n", "No module named 'nonsense'"),
    ],
)
def test_a_suite_that_is_broken_says_where(own: OwnChecks, text: str, wrong: str) -> None:
    done = own.run(triggers=text)
    assert done.status == 2
    assert wrong in done.stderr
    assert "executed checks" not in done.stdout


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("--profile trigger", "--profile trigger: the profiles are triggers, operations"),
        ("--profile schedule", "--profile schedule needs --integration and --trigger-id"),
        ("--profile transcoding", "--profile transcoding needs --rest"),
        ("--rest 127.0.0.1:8080", "must begin with http:// or https://"),
        ("-k nothing_like_it", "no check fits -k 'nothing_like_it'"),
        ("-k (", "Wrong expression passed to '-k'"),
        ("--features none.yaml", "none.yaml: can't be read"),
        ("--known-failing none.yaml", "none.yaml: can't be read"),
        ("--known-failing known.yaml", "known.yaml: no check is named triggers.bad.*"),
        ("--update-known-failing", "--update-known-failing needs --known-failing FILE"),
        ("--key none", "--key none: can't be read"),
        ("--key known.yaml", "--key known.yaml: must hold one line"),
        ("--key key.json", 'must have "id", "service_account_id" and "private_key"'),
        ("--key known.yaml --token-file known.yaml", "--token-file and --key are both given"),
        ("--ca none", "--ca none: can't be read"),
        ("--report known.yaml", "--report known.yaml: "),
        ("-n -1", "equal to 0"),
    ],
)
def test_what_can_not_be_done_is_refused_before_the_first_call(
    own: OwnChecks, words: str, wrong: str
) -> None:
    files = {
        "triggers/test_own.py": GOOD,
        "known.yaml": KNOWN,
        "key.json": '{"id": "a"}',
    }
    done = own.run(*words.split(), files=files)
    assert (done.status, done.stdout) == (2, ""), done.stdout
    assert wrong in " ".join(done.stderr.split())


def test_nobody_answers(tmp_path: Path) -> None:
    done = OwnChecks(tmp_path, "127.0.0.1:1").run(triggers=GOOD)
    assert done.status == 2
    assert "no gRPC server answers at 127.0.0.1:1 within 5 seconds, without TLS" in done.stderr


@pytest.mark.parametrize(
    ("rest", "wrong"),
    [
        ("http://127.0.0.1:1", "nothing answers there: [Errno 111] Connection refused"),
        ("http://{target}", "nothing answers there: the answer is not HTTP/1.1"),
        ("https://{target}/base", "nothing answers there: "),
    ],
)
def test_nobody_answers_rest(own: OwnChecks, target: str, rest: str, wrong: str) -> None:
    url = rest.format(target=target)
    done = own.run("--rest", url, triggers=GOOD)
    assert (done.status, done.stdout) == (2, "")
    assert f"--rest {url}: {wrong}" in done.stderr


def test_the_ending_has_a_line_for_each_failure_and_each_reason_of_not_running(
    own: OwnChecks,
) -> None:
    unable = "".join(check(f"triggers.a.n{n}", "peer.rest('GET', '/')") for n in range(3))
    files = {
        "triggers/test_own.py": unable + DECLARED + BAD,
        "features.yaml": "missing:\n  pause: planned\n",
    }
    done = own.run("--features", "features.yaml", files=files)
    ending = done.stdout.partition("\nFailed:\n")[2].partition("\n\n")[0].splitlines()
    assert ending[0].startswith("    triggers.bad.one  (MUST): ")
    assert ending[1:] == [
        "Not run, and so not passed:",
        "    3 checks: needs --rest",
        "    triggers.lacks.declared  (MUST): pause is declared missing: planned",
    ]
    # The others are of the beginning: transcoding, and executions.
    assert done.stdout.count("needs --rest") == 3, done.stdout


def test_it_says_first_what_it_will_do(own: OwnChecks) -> None:
    done = own.run("--folder", "f1", triggers=GOOD)
    head = done.stdout.partition("\n\n")[0]
    assert "1 checks against gRPC at " in head
    assert "Profiles: triggers (1)" in head
    assert "Not run: schedule, which needs --integration and --trigger-id" in head
    assert "It creates triggers in the folder f1, each with a name of its own" in head


def test_no_folder_but_those_of_the_checks_is_listed(
    own: OwnChecks, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = []

    class Listing:
        def pytest_collect_directory(self, path: Path) -> None:
            listed.append(path)

    collected = partial(running.run, plugins=[Listing()])
    monkeypatch.setattr(command, "run", collected)
    assert own.run(triggers=GOOD).status == 0
    assert {each.relative_to(own.directory).parts[0] for each in listed} == {"checks1"}


def test_list_calls_nobody(tmp_path: Path) -> None:
    done = OwnChecks(tmp_path, "127.0.0.1:1").run("--list", triggers=GOOD + BAD_MAY)
    assert (done.status, done.stdout.splitlines()) == (
        0,
        ["triggers.good.one  (MUST)  It MUST do.", "triggers.bad.may  (MAY)  It MAY do."],
    )


def test_workers_find_the_same(own: OwnChecks) -> None:
    many = "".join(check(f"triggers.good.n{n}", f"{GET}; assert answer.ok") for n in range(10))
    files = {
        "triggers/test_own.py": many + GOOD + BAD + BAD_MAY + DECLARED,
        "features.yaml": "missing:\n  pause: planned\n",
        "known.yaml": KNOWN + "  triggers.good.one: no longer\n",
    }
    words = ("--features", "features.yaml", "--known-failing", "known.yaml")
    alone = own.run(*words, files=files)
    together = own.run_apart(*words, "-n", "2", files=files)
    assert together.status == alone.status == 1

    def counts(text: str) -> list[str]:
        return [line for line in text.splitlines() if line.startswith(("MUST", "SHOULD", "MAY"))]

    assert counts(together.stdout) == counts(alone.stdout)


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory, target: str) -> Path:
    """A report with one of each outcome."""
    directory = tmp_path_factory.mktemp("reported")
    html = check("triggers.bad.html", f'{GET}; assert False, "<script>alert(1)</script>"')
    files = {
        "triggers/test_own.py": GOOD + BAD + BAD_SHOULD + BAD_MAY + DECLARED + html,
        "features.yaml": "missing:\n  pause: planned\n",
        "known.yaml": "known-failing:\n  triggers.bad.one: it is nightly\n"
        "  triggers.good.one: no longer\n",
    }
    words = ("--features", "features.yaml", "--known-failing", "known.yaml", "--report", "made/it")
    done = OwnChecks(directory, target).run(*words, files=files)
    assert done.status == 1
    assert "made/it/report.yaml" in done.stdout
    return directory / "made" / "it"


OUTCOMES = {
    "triggers.good.one": "fixed",
    "triggers.bad.one": "known failing",
    "triggers.bad.should": "failed",
    "triggers.bad.may": "reported",
    "triggers.lacks.declared": "not run",
    "triggers.bad.html": "failed",
}


def test_the_yaml_has_every_check_and_its_exchanges(reported: Path) -> None:
    report: dict[str, Any] = yaml.safe_load((reported / "report.yaml").read_text())
    assert {each["id"]: each["result"] for each in report["checks"]} == OUTCOMES
    assert report["verdict"] == "does not conform"
    assert report["missing-features"] == {"pause": "planned"}
    assert "needs --rest" in report["profiles-left-out"]["transcoding"]
    [failed] = [each for each in report["checks"] if each["id"] == "triggers.bad.should"]
    assert failed["exchanges"][0]["status"] == "OK"
    assert failed["again"].endswith("-k triggers.bad.should")


def test_junit_counts_nothing_as_passed_that_was_not_executed(reported: Path) -> None:
    [suite] = ElementTree.parse(reported / "junit.xml").getroot()
    kinds = {case.get("name"): [child.tag for child in case] for case in suite}
    assert kinds == {
        "triggers.good.one": ["failure"],
        "triggers.bad.one": ["skipped"],
        "triggers.bad.should": ["failure"],
        "triggers.bad.may": ["system-out"],
        "triggers.lacks.declared": ["skipped"],
        "triggers.bad.html": ["failure"],
    }
    counted = [suite.get(name) for name in ("tests", "failures", "skipped")]
    assert counted == ["6", "3", "2"]


def test_the_page_needs_nothing_else_and_escapes_what_it_shows(reported: Path) -> None:
    page = (reported / "report.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\x1b" not in page
    assert not re.findall(r"""(?:src|href)\s*=|url\(|@import""", page)
    for id, outcome in OUTCOMES.items():
        assert f'id="{id}"' in page
        assert outcome in page


def test_the_badge_says_the_verdict(reported: Path) -> None:
    badge = ElementTree.parse(reported / "badge.svg").getroot()
    assert badge.get("aria-label") == "trigger contracts: does not conform 0/5"
