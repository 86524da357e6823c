"""What a result means: levels, known failures, verdicts, and the list that is rewritten."""

from pathlib import Path

import pytest

from tocsin.conformance.clauses import MAY, MUST, SHOULD, Clause, ClauseError, Level
from tocsin.conformance.declared.known_failing import KnownFailing, rewritten, write
from tocsin.conformance.declared.named_reasons import FileError, read_reasons
from tocsin.conformance.outcomes import Outcome, Result, Verdict, judged, verdict

PASSED, FAILED, NOT_RUN = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_RUN


def result(outcome: Outcome, level: Level = MUST, id: str = "triggers.a.b") -> Result:
    return Result(Clause(id, level, f"It {level} do.", "a source"), outcome, "wrong\nmore")


@pytest.mark.parametrize(
    ("level", "outcome", "known", "judgement"),
    [
        (MUST, PASSED, None, Outcome.PASSED),
        (MUST, FAILED, None, Outcome.FAILED),
        (SHOULD, FAILED, None, Outcome.FAILED),
        (MAY, FAILED, None, Outcome.REPORTED),
        (MUST, FAILED, "why", Outcome.KNOWN),
        (SHOULD, FAILED, "why", Outcome.KNOWN),
        (MAY, FAILED, "why", Outcome.KNOWN),
        (MUST, PASSED, "why", Outcome.FIXED),
        (MAY, PASSED, "why", Outcome.FIXED),
        (MUST, NOT_RUN, "why", Outcome.NOT_RUN),
        (MUST, NOT_RUN, None, Outcome.NOT_RUN),
    ],
)
def test_a_level_and_the_list_decide(
    level: Level, outcome: Outcome, known: str | None, judgement: Outcome
) -> None:
    assert judged(result(outcome, level), known).outcome is judgement


@pytest.mark.parametrize(
    ("outcomes", "whole", "said"),
    [
        ([], True, Verdict.NOTHING),
        ([(NOT_RUN, MUST)], True, Verdict.NOTHING),
        ([(PASSED, MUST)], True, Verdict.CONFORMS),
        ([(PASSED, MUST)], False, Verdict.IN_PART),
        ([(PASSED, MUST), (Outcome.REPORTED, MAY)], True, Verdict.CONFORMS),
        ([(PASSED, MUST), (NOT_RUN, MAY)], True, Verdict.CONFORMS),
        ([(PASSED, MUST), (NOT_RUN, SHOULD)], True, Verdict.IN_PART),
        ([(PASSED, MUST), (NOT_RUN, MUST)], True, Verdict.IN_PART),
        ([(PASSED, MUST), (Outcome.KNOWN, MUST)], True, Verdict.IN_PART),
        ([(PASSED, MUST), (FAILED, SHOULD)], True, Verdict.FAILS),
        ([(PASSED, MUST), (Outcome.FIXED, MAY)], True, Verdict.FAILS),
    ],
)
def test_what_did_not_run_is_no_pass(
    outcomes: list[tuple[Outcome, Level]], whole: bool, said: Verdict
) -> None:
    assert verdict([result(*each) for each in outcomes], whole=whole) is said


def test_a_result_crosses_processes() -> None:
    whole = result(FAILED)
    assert Result.from_json(whole.to_json()) == whole


@pytest.mark.parametrize(
    ("id", "sentence", "source"),
    [
        ("triggers", "It MUST do.", "s"),
        ("Triggers.get", "It MUST do.", "s"),
        ("triggers.get it", "It MUST do.", "s"),
        ("triggers.get", "It must do.", "s"),
        ("triggers.get", "It MUSTER do.", "s"),
        ("triggers.get", "It MUST do.", " "),
    ],
)
def test_a_clause_that_is_none_is_refused(id: str, sentence: str, source: str) -> None:
    with pytest.raises(ClauseError):
        Clause(id, MUST, sentence, source)


KNOWN = KnownFailing({"triggers.a.*": "first", "triggers.b.c": "second", "triggers.z.z": "third"})


def test_the_list_keeps_what_fails_and_takes_out_what_passes() -> None:
    found = [
        result(Outcome.KNOWN, id="triggers.a.one"),
        result(Outcome.FIXED, id="triggers.a.two"),
        result(Outcome.FIXED, id="triggers.b.c"),
        result(Outcome.FAILED, id="triggers.d.e"),
        result(Outcome.REPORTED, MAY, id="triggers.f.g"),
        result(Outcome.NOT_RUN, id="triggers.z.z"),
    ]
    assert rewritten(KNOWN, found) == {
        "triggers.a.one": "first",
        "triggers.z.z": "third",
        "triggers.d.e": "wrong",
    }


def test_a_pattern_stays_while_all_of_it_fails_or_none_of_it_ran() -> None:
    found = [result(Outcome.KNOWN, id="triggers.a.one"), result(Outcome.KNOWN, id="triggers.a.two")]
    assert rewritten(KNOWN, found) == KNOWN.reasons
    assert rewritten(KNOWN, []) == KNOWN.reasons


def test_the_list_keeps_the_comment_at_its_head(tmp_path: Path) -> None:
    file = tmp_path / "known.yaml"
    file.write_text("# What our gateway can't do.\n\nknown-failing:\n  a.b: why\n")
    write(file, {"a.c": 'of "chunks": ünsure'})
    assert file.read_text().startswith("# What our gateway can't do.\n\nknown-failing:\n")
    assert KnownFailing.read(str(file)).reasons == {"a.c": 'of "chunks": ünsure'}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("known: {a: why}", "must be a mapping with the one key `missing`"),
        ("- a", "must be a mapping"),
        ("", "must be a mapping"),
        ("missing: [a]", ":1: must be a mapping"),
        ("missing:\n  filters:\n", ":2: filters needs a reason"),
        ("missing:\n  filters: ' '\n", "filters needs a reason"),
        ("missing:\n  filters: true\n", "filters needs a reason"),
        ("missing:\n  filters: {why: x}\n", "filters needs a reason"),
        ("missing:\n  filters: a\n  filters: b\n", ":3: filters is there twice"),
        ("missing:\n  filtres: a\n", "no feature is named 'filtres'; do you mean filters?"),
        ("missing: {", "is not YAML"),
    ],
)
def test_a_file_that_is_wrong_is_refused_where_it_is(tmp_path: Path, text: str, wrong: str) -> None:
    file = tmp_path / "features.yaml"
    file.write_text(text)
    with pytest.raises(FileError) as caught:
        read_reasons(file, "missing", what="feature", known={"filters", "rest"})
    assert wrong in str(caught.value)


def test_a_file_may_declare_nothing(tmp_path: Path) -> None:
    file = tmp_path / "features.yaml"
    file.write_text("missing:\n")
    assert read_reasons(file, "missing", what="feature", known=()) == {}
