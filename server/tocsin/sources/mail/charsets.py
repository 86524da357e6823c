"""Decodes text by the charset that a mail names, if that is one of a list.

The list has the labels of the WHATWG Encoding Standard, and a few older charsets of mail that the
standard leaves out. Python's own names are not asked for: some of its codecs fail on any text, and
some take the square of the length in time.
"""

import codecs
import re
from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

# Labels of the standard, by other names for them without `-` and `_`.
OTHER_NAMES = {
    **{
        f"{name}{number}": f"windows-{number}"
        for name in ("cp", "win", "windows", "ansi", "microsoftcp", "ms")
        for number in (874, *range(1250, 1259))
    },
    **dict.fromkeys(("cp866", "dos866"), "ibm866"),
    **{f"latin{number}": f"latin{number}" for number in range(1, 7)},
    "latin9": "iso-8859-15",
    **dict.fromkeys(("ksc5601", "ksx1001"), "euc-kr"),
    **dict.fromkeys(("iso2022jp$esc", "iso2022jp$sio"), "iso-2022-jp"),
    **dict.fromkeys(("macroman", "xmacroman"), "macintosh"),
    "maccyrillic": "x-mac-cyrillic",
    "xmacjapanese": "shift_jis",
    "xmackorean": "euc-kr",
    "xmacchinesetrad": "big5",
    **dict.fromkeys(("euccn", "xeuccn", "xmacchinesesimp"), "gbk"),
    **dict.fromkeys(("eucjpms", "eucjpwin", "xeucjpms", "cp51932"), "euc-jp"),
    **dict.fromkeys(("iso2022jpms", "cp50220", "cp50221", "cp50222"), "iso-2022-jp"),
}
# Python's codecs, by the label without `-` and `_`.
OLDER = {
    **{f"cp{number}": f"cp{number}" for number in (437, 720, 737, 775, 850, 852, 855, 857, 858)},
    **{f"cp{number}": f"cp{number}" for number in (860, 861, 862, 863, 864, 865, 869, 1125)},
    **{f"ibm{number}": f"cp{number}" for number in (437, 737, 775, 850, 852, 855, 857, 858)},
    **{f"{name}932": "cp932" for name in ("cp", "ms", "windows")},
    **{f"{name}936": "gb18030" for name in ("cp", "ms", "windows")},
    **{f"{name}949": "cp949" for name in ("cp", "ms")},
    **{f"{name}950": "cp950" for name in ("cp", "ms", "windows")},
    **{
        f"{prefix}mac{name}": codec
        for prefix in ("", "x")
        for name, codec in {
            "ce": "mac_latin2",
            "centraleurroman": "mac_latin2",
            "croatian": "mac_croatian",
            "greek": "mac_greek",
            "icelandic": "mac_iceland",
            "romanian": "mac_romanian",
            "turkish": "mac_turkish",
        }.items()
    },
    "maccentraleurope": "mac_latin2",
    "koi8t": "koi8_t",
    "johab": "johab",
    "cp65001": "utf-8",
    "utf8mb4": "utf-8",
    "utf7": "utf-7",
    "unicode11utf7": "utf-7",
    **dict.fromkeys(("iso2022kr", "csiso2022kr"), "iso2022_kr"),
    "iso2022jp1": "iso2022_jp_1",
    "iso2022jp2": "iso2022_jp_2",
    "hzgb2312": "hz",
}
# Where Python's codec of the same name has less than the standard's decoder.
WIDER = {"iso-2022-jp": "iso2022_jp_ext", "gbk": "gb18030"}
# Mails that claim to be ASCII, and are not, say nothing of their charset.
SAYING_NOTHING = frozenset({"", "us-ascii", "ascii", "ansi_x3.4-1968"})
# A comment, as in `us-ascii (Plain text)`.
COMMENT = re.compile(r"\([^()]*\)")
# The characters by which charsets of seven bits change their meaning.
SHIFT = re.compile(rb"[\x0e\x1b]")
# A label that the standard has, so that nothing is decoded by it.
REPLACEMENT = "replacement"
FALLBACK = "windows-1252"
UNKNOWN = "\N{REPLACEMENT CHARACTER}"

# Between chunks other threads run: a codec holds them up while it works.
CHUNK = 64 * 1024

# Each character that Python's codec lacks costs a call of `_repaired`.
MOST_REPAIRED = 1000
REPAIR = "tocsin.mail.repair"
JAPANESE = frozenset({"euc_jp", "iso2022_jp_ext"})
C1 = range(0x80, 0xA0)


class Decoder(Protocol):
    def decode(self, chunk: bytes, final: bool = False, /) -> str: ...


OpensDecoder: TypeAlias = Callable[[str], Decoder]
"""Opens a decoder; the argument says what it does about errors, as Python's codecs name that."""


class Decoded(NamedTuple):
    """Holds a text, and whether it says all that its bytes do; in a guessed charset it may not."""

    text: str
    whole: bool


def decoded(content: bytes, label: str) -> Decoded:
    """Decodes a text; what its charset does not have becomes U+FFFD.

    A text of an unknown charset, or of none, is UTF-8 if it can be, else windows-1252.

    Args:
        content: the bytes of the text.
        label: the charset's name in the mail; may be empty, and anything.
    """
    label = name_of_charset(label)
    opens = _decoder(label)
    guessed = False
    if opens is None:
        guessed = label not in SAYING_NOTHING and SHIFT.search(content) is not None
        try:
            return Decoded(content.decode("utf-8-sig"), not guessed)
        except UnicodeDecodeError:
            opens = _standard(FALLBACK)
            guessed = label not in SAYING_NOTHING
    assert opens is not None
    try:
        text = _by(opens("strict"), content)
        # UTF-7 can encode half of a surrogate pair.
        text.encode()
        return Decoded(text, not guessed)
    except UnicodeError:
        text = _by(opens("replace"), content)
    if text.count(UNKNOWN) <= MOST_REPAIRED:
        text = _by(opens(REPAIR), content)
    sound = text.encode("utf-8", "replace").decode()
    return Decoded(sound, not guessed and sound == text and UNKNOWN not in text)


def name_of_charset(label: str) -> str:
    """Returns a label in lower case, without quotes and comments (RFC 2045, 5.1)."""
    return COMMENT.sub("", label).strip(" \t\r\n\"'").lower()


def is_known_charset(label: str) -> bool:
    """Returns whether text can be decoded by what a label says."""
    return _decoder(name_of_charset(label)) is not None


def _by(decoder: Decoder, content: bytes) -> str:
    chunks = [decoder.decode(content[at : at + CHUNK]) for at in range(0, len(content), CHUNK)]
    return "".join([*chunks, decoder.decode(b"", True)])


def _decoder(label: str) -> OpensDecoder | None:
    # Labels are ASCII; what else stands in a header the list of labels fails on.
    if label in SAYING_NOTHING or not label.isascii():
        return None
    name = label.replace("-", "").replace("_", "")
    older = OLDER.get(name)
    if older is not None:
        return codecs.getincrementaldecoder(older)
    return _standard(OTHER_NAMES.get(name, label))


def _standard(label: str) -> OpensDecoder | None:
    """Returns a decoder by the standard, which believes a byte order mark before the label."""
    # The first mail that needs it loads it.
    import webencodings

    encoding = webencodings.lookup(label)
    if encoding is None or encoding.name == REPLACEMENT:
        return None
    wider = WIDER.get(encoding.name)
    if wider is not None:
        return codecs.getincrementaldecoder(wider)
    return lambda errors: webencodings.IncrementalDecoder(encoding, errors)


def _repaired(error: UnicodeError) -> tuple[str, int]:
    """Decodes what the standard has and Python's codec lacks; anything else becomes U+FFFD.

    These are the characters of NEC and IBM in Japanese (the standard's index jis0208 has them),
    the euro of GBK, and the control characters of single-byte charsets.
    """
    if not isinstance(error, UnicodeDecodeError):
        raise error
    start, first = error.start, error.object[error.start]
    if error.encoding in JAPANESE:
        pair = bytes(byte & 0x7F for byte in error.object[start : start + 2])
        found = _of_japanese_vendors(pair)
        if found is not None:
            return found, start + 2
    elif error.encoding == "gb18030" and first == 0x80:
        return "€", start + 1
    elif error.encoding == "charmap" and first in C1:
        return chr(first), start + 1
    return UNKNOWN, error.end


def _of_japanese_vendors(pair: bytes) -> str | None:
    """Decodes two bytes of JIS by Microsoft's table, which is addressed by Shift_JIS."""
    if len(pair) < 2 or not all(0x21 <= byte <= 0x7E for byte in pair):
        return None
    row, cell = pair
    odd = row % 2
    lead = (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0)
    trail = cell + (0x1F + (cell >= 0x60) if odd else 0x7E)
    try:
        return bytes((lead, trail)).decode("cp932")
    except UnicodeDecodeError:
        return None


codecs.register_error(REPAIR, _repaired)
