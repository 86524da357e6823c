"""Decodes text by the charset that a mail names, if that is one of a list.

The list has the labels of the WHATWG Encoding Standard, and a few older charsets of mail that the
standard leaves out. Python's own names are not asked for: some of its codecs fail on any text, and
some take the square of the length in time.
"""

import codecs
from typing import Protocol

# Python's codecs, by the label without `-` and `_`.
OLDER = {
    **{f"cp{number}": f"cp{number}" for number in (437, 737, 775, 850, 852, 855, 857, 858)},
    **{f"cp{number}": f"cp{number}" for number in (860, 861, 862, 863, 864, 865, 869)},
    **{f"ibm{number}": f"cp{number}" for number in (437, 737, 775, 850, 852, 855, 857, 858)},
    "cp949": "cp949",
    "utf7": "utf-7",
    "unicode11utf7": "utf-7",
    "iso2022kr": "iso2022_kr",
    "iso2022jp1": "iso2022_jp_1",
    "iso2022jp2": "iso2022_jp_2",
    "hzgb2312": "hz",
}
# Mails that claim to be ASCII, and are not, say nothing of their charset.
SAYING_NOTHING = frozenset({"", "us-ascii", "ascii", "ansi_x3.4-1968"})
# A label that the standard has, so that nothing is decoded by it.
REPLACEMENT = "replacement"
FALLBACK = "windows-1252"

# Between chunks other threads run: a codec holds them up while it works.
CHUNK = 64 * 1024


class Decoder(Protocol):
    def decode(self, chunk: bytes, final: bool = False, /) -> str: ...


def decoded(content: bytes, label: str) -> str:
    """Decodes a text; what its charset does not have becomes U+FFFD.

    A text of an unknown charset, or of none, is UTF-8 if it can be, else windows-1252.

    Args:
        content: the bytes of the text.
        label: the charset's name in the mail; may be empty, and anything.
    """
    decoder = _decoder(label.strip().lower())
    if decoder is None:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            decoder = _standard(FALLBACK)
    assert decoder is not None
    chunks = [decoder.decode(content[at : at + CHUNK]) for at in range(0, len(content), CHUNK)]
    text = "".join([*chunks, decoder.decode(b"", True)])
    # UTF-7 can encode half of a surrogate pair.
    return text.encode("utf-8", "replace").decode()


def _decoder(label: str) -> Decoder | None:
    if label in SAYING_NOTHING:
        return None
    older = OLDER.get(label.replace("-", "").replace("_", ""))
    if older is not None:
        return codecs.getincrementaldecoder(older)("replace")
    return _standard(label)


def _standard(label: str) -> Decoder | None:
    """Returns a decoder by the standard, which believes a byte order mark before the label."""
    # The first mail that needs it loads it.
    import webencodings

    encoding = webencodings.lookup(label)
    if encoding is None or encoding.name == REPLACEMENT:
        return None
    decoder: Decoder = webencodings.IncrementalDecoder(encoding, "replace")
    return decoder
