"""Does what a test's process asks: starts and stops servers, and makes calls."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tocsin.store.driver.opening import migrate_sqlite
from tocsin.testing.process.calls import CallFailed, Calls, read_trigger
from tocsin.testing.process.server import Server


class Desk:
    """Does what is asked, with one server at a time."""

    def __init__(self) -> None:
        self._server = Server()
        self._calls: Calls | None = None

    async def do(self, ask: str, arguments: Mapping[str, Any]) -> Any:
        """Returns the result of a request.

        Raises:
            CallFailed: a call was refused, or a file is wrong.
            SettingsError, ExposureRefused, StartError, StoreError, GatewayError: no server started.
        """
        match ask:
            case "start":
                addresses = await self._server.start(arguments["settings"])
                self._calls = Calls(addresses["grpc"])
                return addresses
            case "prepare":
                migrate_sqlite(Path(arguments["file"]))
                return None
            case "stop":
                await self.close()
                return None
            case "connect":
                self._calls = Calls(arguments["address"])
                return None
            case "use":
                self._server.use(arguments["settings"])
                return None
            case "read":
                return read_trigger(arguments["file"])
            case "call" if self._calls is not None:
                return await self._calls.call(arguments["method"], arguments["request"])
        raise CallFailed(f"{ask} can't be done: no server runs")

    async def close(self) -> None:
        if self._calls is not None:
            await self._calls.close()
            self._calls = None
        await self._server.stop()
