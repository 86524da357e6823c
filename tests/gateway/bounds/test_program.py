"""The program that runs in Envoy, with a host of the test's own in Envoy's place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st

from tocsin.gateway.bounds import connections

FOLDER = Path(connections.__file__).parent
CONTINUE, STOP = 0, 1
OK, NOT_FOUND, MISMATCH = 0, 1, 8
SETTINGS, DATA = 7, 2
FIRST, IDLE, SEED = 3, 5, 2**31 - 1


@cache
def compiled() -> tuple[wasmtime.Engine, wasmtime.Module]:
    engine = wasmtime.Engine()
    return engine, wasmtime.Module(engine, (FOLDER / "connections.wasm").read_bytes())


@pytest.fixture(scope="module", autouse=True)
def _freed_before_the_library() -> Iterator[None]:
    yield
    compiled.cache_clear()


@dataclass
class Shared:
    """What all workers share."""

    values: dict[bytes, tuple[bytes, int]] = field(default_factory=dict)
    mismatches: int = 0
    """How many of the next writes come too late."""


@dataclass
class Worker:
    """One copy of the program."""

    most: int
    shared: Shared
    addresses: dict[int, str] = field(default_factory=dict)
    exempt: tuple[str, ...] = ()
    seed: int = SEED
    data: bytes = b""
    ticks: int = 0
    closed: list[int] = field(default_factory=list)
    context: int = 0

    def __post_init__(self) -> None:
        engine, module = compiled()
        self._store = wasmtime.Store(engine)
        host = {
            "proxy_set_tick_period_milliseconds": self._tick_each_second,
            "proxy_set_effective_context": self._act_for,
            "proxy_close_stream": self._close,
            "proxy_get_buffer_bytes": self._bytes,
            "proxy_get_property": lambda *at: self._give(self._address(*at[:2]), *at[2:]),
            "proxy_get_shared_data": self._get_shared,
            "proxy_set_shared_data": self._set_shared,
        }
        functions = [
            wasmtime.Func(self._store, each.type, host[each.name]) for each in module.imports
        ]
        self._program = wasmtime.Instance(self._store, module, functions).exports(self._store)
        self.configure(1)

    def configure(self, root: int) -> None:
        bounds = connections.ConnectionBounds(self.most, self.exempt, self.seed)
        self.data = connections.program_settings(bounds, first_seconds=FIRST, idle_seconds=IDLE)
        assert self.call("proxy_on_configure", root, len(self.data)) == 1

    def call(self, name: str, *arguments: int) -> Any:
        if name != "proxy_on_tick":
            self.context = arguments[0]
        return self._program[name](self._store, *arguments)

    def connect(self, context: int, address: str) -> bool:
        """Opens a connection; returns whether it may stay."""
        self.addresses[context] = address
        return bool(self.call("proxy_on_new_connection", context) == CONTINUE)

    def hang_up(self, context: int) -> None:
        self.call("proxy_on_delete", context)

    def send(self, context: int, data: bytes) -> None:
        self.data = data
        assert self.call("proxy_on_downstream_data", context, len(data), 0) == CONTINUE

    def answer(self, context: int) -> None:
        assert self.call("proxy_on_upstream_data", context, 100, 0) == CONTINUE

    def seconds(self, number: int) -> list[int]:
        """Lets time pass; returns whose connections were closed."""
        self.closed.clear()
        for _ in range(number):
            self.call("proxy_on_tick", 1)
        return list(self.closed)

    def _memory(self) -> Any:
        return self._program["memory"]

    def _read(self, at: int, size: int) -> bytes:
        return bytes(self._memory().read(self._store, at, at + size))

    def _give(self, value: bytes | None, result: int, size: int) -> int:
        if value is None:
            return NOT_FOUND
        at = self._program["proxy_on_memory_allocate"](self._store, len(value))
        self._memory().write(self._store, value, at)
        self._memory().write(self._store, at.to_bytes(4, "little"), result)
        self._memory().write(self._store, len(value).to_bytes(4, "little"), size)
        return OK

    def _tick_each_second(self, milliseconds: int) -> int:
        assert milliseconds == 1000
        self.ticks += 1
        return OK

    def _act_for(self, context: int) -> int:
        self.context = context
        return OK

    def _close(self, stream: int) -> int:
        assert stream == 2
        self.closed.append(self.context)
        self.hang_up(self.context)
        return OK

    def _bytes(self, kind: int, start: int, length: int, result: int, size: int) -> int:
        assert kind in (SETTINGS, DATA)
        return self._give(self.data[start : start + length], result, size)

    def _address(self, path: int, size: int) -> bytes:
        assert self._read(path, size) == b"source\0address"
        return self.addresses[self.context].encode()

    def _get_shared(self, key: int, size: int, result: int, length: int, version: int) -> int:
        value, number = self.shared.values.get(self._read(key, size), (None, 0))
        self._memory().write(self._store, number.to_bytes(4, "little"), version)
        return self._give(value, result, length)

    def _set_shared(self, key: int, size: int, value: int, length: int, version: int) -> int:
        name = self._read(key, size)
        _, number = self.shared.values.get(name, (b"", 0))
        if self.shared.mismatches:
            self.shared.mismatches -= 1
            return MISMATCH
        assert version == number
        self.shared.values[name] = self._read(value, length), number + 1
        return OK

    def counted(self) -> int:
        values = self.shared.values.values()
        return sum(int.from_bytes(value, "little", signed=True) for value, _ in values)


@pytest.fixture
def worker() -> Worker:
    return Worker(3, Shared())


def test_it_is_made_of_its_source() -> None:
    made = wasmtime.wat2wasm((FOLDER / "connections.wat").read_text())
    assert (FOLDER / "connections.wasm").read_bytes() == made, "run `make wasm`"


def test_an_address_has_so_many_at_any_of_its_ports(worker: Worker) -> None:
    assert [worker.connect(number, f"192.0.2.1:{number}") for number in range(10, 14)] == [
        *[True] * 3,
        False,
    ]
    assert worker.connect(20, "192.0.2.2:10")
    worker.hang_up(13)
    worker.hang_up(10)
    assert worker.counted() == 3
    assert worker.connect(30, "192.0.2.1:99")
    for context in (11, 12, 20, 30):
        worker.hang_up(context)
    assert worker.counted() == 0


@pytest.mark.parametrize(
    ("first", "second", "one"),
    [
        ("[2001:db8:1:2:a:b:c:d]:1", "[2001:db8:1:2:ffff::1]:2", True),
        ("[2001:db8:1:2::1]:1", "[2001:db8:1:2::2]:2", True),
        ("[2001:db8:1:2:a:b:c:d]:1", "[2001:db8:1:3:a:b:c:d]:1", False),
        ("[2001:db8::1]:1", "[2001:db8::2]:2", True),
        ("[2001:db8::1]:1", "[2001:db9::1]:1", False),
        ("192.0.2.1:1", "192.0.2.11:1", False),
    ],
)
def test_of_ipv6_64_bits_are_one_address(first: str, second: str, one: bool) -> None:
    worker = Worker(1, Shared())
    assert worker.connect(1, first)
    assert worker.connect(2, second) is not one


def test_workers_count_together(worker: Worker) -> None:
    other = Worker(3, worker.shared)
    assert worker.connect(1, "192.0.2.1:1")
    assert other.connect(1, "192.0.2.1:2")
    worker.shared.mismatches = 2  # a third one writes at the same moment
    assert other.connect(2, "192.0.2.1:3")
    assert not worker.connect(2, "192.0.2.1:4")


def test_who_says_nothing_is_closed_in_time(worker: Worker) -> None:
    worker.connect(1, "192.0.2.1:1")
    worker.connect(2, "192.0.2.1:2")
    worker.send(2, b"GE")  # not enough to tell what it speaks
    worker.connect(3, "192.0.2.1:3")
    worker.send(3, b"GET / HTTP/1.1\r\n")
    assert worker.seconds(FIRST) == []
    assert worker.seconds(1) == [1, 2]
    assert worker.counted() == 1


def test_http1_may_be_idle_for_so_long_and_http2_for_ever(worker: Worker) -> None:
    worker.connect(1, "192.0.2.1:1")
    worker.send(1, b"POST /x HTTP/1.1\r\n")
    worker.connect(2, "192.0.2.1:2")
    worker.send(2, b"PRI * HTTP/2.0\r\n")
    assert worker.seconds(IDLE) == []
    worker.send(1, b"G")
    assert worker.seconds(IDLE) == []
    worker.answer(1)
    worker.answer(2)
    assert worker.seconds(IDLE) == []
    assert worker.seconds(1) == [1]
    assert worker.seconds(1000) == []


def test_two_listeners_have_one_clock(worker: Worker) -> None:
    worker.configure(2)
    assert worker.ticks == 1


NETWORKS = ("127.0.0.0/8", "172.16.0.0/12", "198.51.100.7/32", "::1/128", "2001:db8:8::/45")


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1:1", "127.255.255.255:65535", "172.31.255.255:1", "198.51.100.7:80"),
        *("[::1]:1", "[2001:db8:f:ffff::]:1", "[2001:db8:8::]:1", "[::ffff:127.0.0.1]:1"),
        "[2001:db8:8:1:2:3:4:5%eth0]:1",
    ],
)
def test_exempt_ones_are_not_counted_but_may_not_be_silent(address: str) -> None:
    worker = Worker(1, Shared(), exempt=NETWORKS)
    assert all(worker.connect(number, address) for number in range(1, 10))
    assert worker.counted() == 0
    assert worker.seconds(FIRST + 1) == list(range(1, 10))
    assert worker.counted() == 0


@pytest.mark.parametrize(
    "address",
    [
        *("126.255.255.255:1", "128.0.0.0:1", "172.32.0.0:1", "172.15.255.255:1"),
        *("198.51.100.70:1", "[::2]:1", "[::]:1", "[1::1]:1", "[2001:db8:10::]:1"),
        *("[2001:db8:7:ffff::]:1", "[::127.0.0.1]:1", "[7f00:1::]:1", "[::ffff:8.8.8.8]:1"),
    ],
)
def test_neighbours_of_exempt_ones_are_counted(address: str) -> None:
    worker = Worker(1, Shared(), exempt=NETWORKS)
    assert worker.connect(1, address)
    assert not worker.connect(2, address)


@given(
    network=st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)),
    bits=st.integers(0, 128),
    flipped=st.integers(0, 127),
    port=st.integers(1, 65535),
)
def test_networks_are_those_of_python(
    network: IPv4Address | IPv6Address, bits: int, flipped: int, port: int
) -> None:
    """The address differs from the network's by one bit, which is within it or not."""
    length = network.max_prefixlen
    within = ip_network((network, bits % (length + 1)), strict=False)
    address = type(network)(int(network) ^ (1 << flipped % length))
    if address.version == 6 and address.ipv4_mapped is not None:
        return
    text = f"{address}:{port}" if address.version == 4 else f"[{address}]:{port}"
    worker = Worker(1, Shared(), exempt=(str(within),))
    assert worker.connect(1, text)
    assert worker.connect(2, text) is (address in within)


def test_the_seed_decides_which_addresses_are_counted_together() -> None:
    addresses = [f"192.0.{number >> 8}.{number & 255}:1" for number in range(2000)]

    def shared_with(seed: int) -> set[str]:
        worker = Worker(1, Shared(), seed=seed)
        return {each for at, each in enumerate(addresses, 1) if not worker.connect(at, each)}

    assert shared_with(1) == shared_with(1) != shared_with(2)


def test_more_contexts_than_places_in_a_row_are_told_apart(worker: Worker) -> None:
    """Numbers of contexts grow for ever, and return to the same places."""
    unbounded = Worker(10, Shared())
    for context in (5, 5 + 16384, 5 + 2 * 16384):
        assert unbounded.connect(context, "192.0.2.1:1")
    unbounded.hang_up(5 + 16384)
    unbounded.send(5 + 2 * 16384, b"PRI")
    assert unbounded.seconds(FIRST + 1) == [5]
