"""Reads the lines of a mail after DATA (RFC 5321, section 4.5.2), however long they are."""

import asyncio

END = b".\r\n"


async def read_data(reader: asyncio.StreamReader, most_bytes: int) -> bytes | None:
    """Reads a mail to its end, and removes the dots that senders double.

    Args:
        reader: the client's bytes; a line that is longer than its limit comes in fragments.
        most_bytes: the largest mail.

    Returns:
        The mail, or None if it was larger; its end was read then too.
    """
    content = bytearray()
    begins_line = True
    while True:
        fragment, ends_line = await _fragment(reader)
        if begins_line and fragment == END:
            return None if len(content) > most_bytes else bytes(content)
        if begins_line and fragment.startswith(b"."):
            fragment = fragment[1:]
        begins_line = ends_line
        # One byte more than allowed says that there were more.
        content += fragment[: most_bytes + 1 - len(content)]


async def _fragment(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    """Reads a line, or a part of a long one; returns also whether the line ends here."""
    try:
        return await reader.readuntil(b"\r\n"), True
    except asyncio.LimitOverrunError as error:
        return await reader.readexactly(error.consumed), False
