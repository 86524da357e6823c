"""An input of eight times the size costs about eight times the work, whatever it is made of.

The work is the processor time of this thread, the least of several runs, and one size is compared
with another: a busy machine slows both. What is quadratic costs 64 times as much.
"""

import gc
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from fuzz.targets import TARGETS, seeds_of

LARGEST = 32 * 1024
TIMES_LARGER = 8
# Linear is 8 and quadratic 64; caches and collectors account for something in between.
MOST_TIMES_DEARER = 28
# Less than this is not worth a comparison, and harms nobody.
CHEAP_NS = 4_000_000
RUNS = 3


def work(name: str, data: bytes) -> int:
    """The least processor time of a few runs, in nanoseconds."""
    target = TARGETS[name]
    least = 0
    for _ in range(RUNS):
        began = time.thread_time_ns()
        target(data)
        took = time.thread_time_ns() - began
        least = min(least or took, took)
        if took < CHEAP_NS:
            break
    return least


def made_of(name: str, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Inputs of a size, each with what it repeats: alone, and in the middle of what is right."""
    words = TARGETS[name].words
    pairs = [one + other for one, other in pairwise((*words, *words[::2]))]
    seed = next(seeds_of(name))
    for word in (*words, *pairs):
        yield word, word * (size // len(word))
        yield word, seed[: len(seed) // 2] + word * (size // len(word)) + seed[len(seed) // 2 :]


@pytest.mark.parametrize("name", TARGETS)
def test_work_grows_no_faster_than_the_input(name: str) -> None:
    largest = min(TARGETS[name].largest, LARGEST)
    gc.collect()
    wrong = []
    for (word, large), (_, small) in zip(
        made_of(name, largest), made_of(name, largest // TIMES_LARGER), strict=True
    ):
        dear = work(name, large)
        if dear < CHEAP_NS:
            continue
        ratio = dear / max(work(name, small), 1)
        if ratio > MOST_TIMES_DEARER:
            wrong.append((word, round(ratio), dear))
    assert wrong == []
