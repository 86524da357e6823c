"""Runs targets under atheris, which looks for inputs that reach new code: `make fuzz`.

    python tests/fuzz/run.py [--seconds N] [TARGET …]

It begins with tests/corpus/TARGET and keeps what it finds in build/fuzz/TARGET, for the next run.
An input that is a fault is written to build/fuzz/TARGET-crash-…; put it into tests/corpus/TARGET
under a name that says what it is, and the tests run it from then on.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECONDS = 120
# Seconds after which one input is taken to hang.
PATIENCE = 10
MEMORY_MIB = 2048


def fuzz(name: str, arguments: list[str]) -> None:
    """Runs one target in this process; does not return."""
    import atheris

    with atheris.instrument_imports(include=["tocsin"]):
        from fuzz.targets import TARGETS
    target = TARGETS[name]

    def one_input(data: bytes) -> None:
        target(data)

    atheris.Setup([sys.argv[0], *arguments], one_input)
    atheris.Fuzz()


def in_a_process(name: str, seconds: int) -> int:
    """Runs one target in a process of its own, since a crash ends the process."""
    sys.path.insert(0, str(ROOT / "tests"))
    from fuzz.targets import CORPUS, TARGETS

    found, seeds = ROOT / "build" / "fuzz" / name, CORPUS / name
    found.mkdir(parents=True, exist_ok=True)
    words = found.with_suffix(".dict")
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in TARGETS[name].words))
    command = [
        *(sys.executable, __file__, "--child", name, "--"),
        *(str(found), str(seeds), f"-max_total_time={seconds}", f"-dict={words}"),
        *(f"-timeout={PATIENCE}", f"-rss_limit_mb={MEMORY_MIB}", "-print_final_stats=1"),
        *(f"-max_len={TARGETS[name].largest}", f"-artifact_prefix={found}-"),
    ]
    return subprocess.run(command, check=False).returncode


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all, if none is named")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="for each target")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    own, rest = parser.parse_known_args(), []
    if "--" in sys.argv:
        at = sys.argv.index("--")
        own, rest = parser.parse_known_args(sys.argv[1:at]), sys.argv[at + 1 :]
    arguments = own[0]
    sys.path.insert(0, str(ROOT / "tests"))
    if arguments.child:
        fuzz(arguments.child, rest)
        return
    from fuzz.targets import TARGETS

    if unknown := set(arguments.targets) - TARGETS.keys():
        raise SystemExit(f"no such target: {', '.join(sorted(unknown))}; {', '.join(TARGETS)}")
    names = arguments.targets or list(TARGETS)
    failed = [name for name in names if in_a_process(name, arguments.seconds)]
    if failed:
        raise SystemExit(f"faults were found in {', '.join(failed)}: see build/fuzz/")


if __name__ == "__main__":
    main()
