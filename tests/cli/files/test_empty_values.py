"""An empty value, such as of a script's variable that is not set, is refused in one way."""

from pathlib import Path
from typing import Any

import pytest

from cli.person import Person
from cli.test_options import COMMANDS, Command, longest, named
from stand.tocsin_process import run_tocsin
from tocsin.cli.repeats import MAY_BE_EMPTY

# Whose metavars say that they are paths or names.
PLACES = {"FILE", "DIR", "URL", "NAME", "HOST:PORT", "ID", "TRIGGER", "SCHEDULE"}
COMMAND_OF: dict[str, tuple[Command, Any]] = {}
for each in COMMANDS:
    for option in each.options():
        if PLACES & set((option.metavar or "").split("|")):
            COMMAND_OF.setdefault(longest(option), (each, option))


def refused(*words: str) -> str:
    done = run_tocsin(*words)
    assert (done.status, done.stdout) == (2, "")
    return done.stderr


@pytest.mark.parametrize(
    ("command", "option"),
    [pair for pair in COMMAND_OF.values() if "''" not in pair[1].metavar],
    ids=lambda each: named(each),
)
def test_a_path_or_a_name_is_not_empty(command: Command, option: Any) -> None:
    told = refused(*command.words, longest(option), "")
    assert f"{' or '.join(option.opts)} must not be empty" in " ".join(told.split())


def test_each_option_of_each_command_has_a_metavar_or_a_choice() -> None:
    """By which `refuse_empty` knows what may be empty."""
    for command in COMMANDS:
        for option in command.options():
            may = MAY_BE_EMPTY & set((option.metavar or "").split("|"))
            assert not may & PLACES, (command.name, option.opts)


@pytest.mark.parametrize(
    "words",
    [
        ("triggers", "get", ""),
        ("triggers", "pause", "nightly", ""),
        ("restore", ""),
        ("keys", "new", ""),
        ("dev-certs", ""),
        ("schedules", "delete", ""),
        ("--context", "", "triggers", "list"),
        ("context", "use", ""),
    ],
    ids=lambda words: " ".join(words),
)
def test_an_argument_is_not_empty_either(words: tuple[str, ...]) -> None:
    assert "must not be empty" in refused(*words)


def test_one_of_several_values_is_not_empty(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("name: nightly\n")
    assert "-f or --file must not be empty" in refused("apply", "-f", str(file), "-f", "")


def test_nothing_is_written_into_the_current_directory(person: Person) -> None:
    before = sorted(Path().iterdir())
    code, lines = person.is_refused("export", "--to", "")
    assert (code, "--to must not be empty" in " ".join(lines)) == (2, True)
    assert sorted(Path().iterdir()) == before


def test_a_text_and_a_folder_of_lists_may_be_empty(person: Person) -> None:
    person.gets("invocations", "list", "--folder", "", "--error", "")
    person.gets("triggers", "list", "--filter", "")


def test_a_variable_that_is_empty_is_one_that_is_not_set(person: Person) -> None:
    both = {**person.environment, "TOCSIN_CA": "", "TOCSIN_CONTEXT": "", "TOCSIN_LOCATION": ""}
    person.with_variables(**both).gets("schedules", "list")
