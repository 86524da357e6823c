"""What all peers share: the call that a job makes, and how many may be under way."""

import os

import aiohttp

UNDER_WAY = 50
TARGET = os.environ["BENCH_TARGET"]
DATABASE = os.environ["BENCH_DATABASE"]

_sessions: list[aiohttp.ClientSession] = []


async def call(number: int) -> None:
    """POSTs to the target, over connections that are kept."""
    if not _sessions:
        _sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
    headers = {"X-Request-Id": str(number)}
    async with _sessions[0].post(TARGET, data=b"x" * 300, headers=headers) as response:
        response.raise_for_status()
