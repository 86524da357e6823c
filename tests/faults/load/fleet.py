"""Servers that come and go, all on one store."""

import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from stand.tocsin_process import TOCSIN, Tocsin, serving

# Several triggers listen to each queue. Tests of real sources have a table of their own for them.
ENVIRONMENT = {"TOCSIN_SOURCES__MESSAGE_QUEUE__SHARED": "true"}


class Fleet:
    """Starts, kills and freezes servers; those that are left at the end are stopped."""

    def __init__(self, directory: Path, config: str, *options: str) -> None:
        self.nodes: list[Tocsin] = []
        self._directory = directory
        self._config = config
        self._options = options
        self._started = 0
        self._frozen: list[Tocsin] = []
        self._stack = ExitStack()

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        for node in list(self._frozen):
            self.thaw(node)
        self._stack.close()

    def addresses(self) -> list[str]:
        return [each.grpc_address for each in list(self.nodes)]

    def start(self, count: int = 1, program: Path = TOCSIN) -> list[Tocsin]:
        """Starts that many at once; returns when they are ready. `program`: of which version."""
        numbers = range(self._started, self._started + count)
        with ThreadPoolExecutor(count) as pool:
            started = list(pool.map(lambda number: self._start(number, program), numbers))
        self._started += count
        self.nodes.extend(started)
        return started

    def kill(self, node: Tocsin) -> None:
        """kill -9; clients hear of it by their calls."""
        node.kill()
        self.nodes.remove(node)

    def stop(self, node: Tocsin) -> None:
        """Lets it end what is under way; clients hear of it by their calls."""
        status = node.stop()
        self.nodes.remove(node)
        assert status == 0, node.log.read_text()

    def freeze(self, node: Tocsin) -> None:
        self.nodes.remove(node)
        self._frozen.append(node)
        node.process.send_signal(signal.SIGSTOP)

    def thaw(self, node: Tocsin) -> None:
        node.process.send_signal(signal.SIGCONT)
        self._frozen.remove(node)
        self.nodes.append(node)

    def _start(self, number: int, program: Path) -> Tocsin:
        directory = self._directory / f"node-{number}"
        directory.mkdir()
        server = serving(
            directory,
            self._config,
            *self._options,
            http="off",
            # A setting of this version; others don't know it, and let queues be shared.
            environment=ENVIRONMENT if program == TOCSIN else {},
            program=program,
        )
        return self._stack.enter_context(server)
