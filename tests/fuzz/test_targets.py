"""No input of strangers makes a parser fail in a way that it does not say."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.targets import CORPUS, TARGETS, seeds_of


def inputs(name: str) -> st.SearchStrategy[bytes]:
    """Seeds of a target with pieces cut out, put in, said twice, and anything at all."""
    words = TARGETS[name].words
    piece = st.sampled_from(words) | st.binary(max_size=4)
    mixed = st.lists(piece, max_size=30).map(b"".join)
    return st.one_of(
        mixed, st.binary(max_size=64), mutated(st.sampled_from(list(seeds_of(name))), piece)
    )


@st.composite
def mutated(
    draw: Callable[[st.SearchStrategy[bytes]], bytes],
    seeds: st.SearchStrategy[bytes],
    piece: st.SearchStrategy[bytes],
) -> bytes:
    data = draw(seeds)
    for _ in range(draw(st.integers(1, 4))):  # type: ignore[call-overload]
        one, other = sorted(draw(st.integers(0, len(data))) for _ in range(2))  # type: ignore[arg-type]
        data = draw(
            st.sampled_from(
                [
                    data[:one] + data[other:],
                    data[:other] + data[one:],
                    data[:one] + draw(piece) + data[other:],
                    data[:one] + draw(piece) + data[one:],
                ]
            )
        )
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_a_parser_takes_an_input_or_says_what_is_wrong(name: str) -> None:
    target = TARGETS[name]

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(inputs(name))
    def check(data: bytes) -> None:
        target(data[: target.largest])

    check()


KEPT = [pytest.param(file, id=f"{file.parent.name}/{file.name}") for file in CORPUS.glob("*/*")]


@pytest.mark.parametrize("file", KEPT)
def test_what_was_found_once_is_no_fault(file: Path) -> None:
    TARGETS[file.parent.name](file.read_bytes())


def test_each_target_has_an_input_that_it_takes() -> None:
    taken = {name: any(map(TARGETS[name], seeds_of(name))) for name in TARGETS}
    # Nobody can write a token that a server takes, without its key.
    assert {name for name, any_is in taken.items() if not any_is} == {"jwt"}
    assert {folder.name for folder in CORPUS.iterdir()} == TARGETS.keys()
