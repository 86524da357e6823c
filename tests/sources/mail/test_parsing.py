"""Mails are read as they are written, and never for long."""

from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from encodings.aliases import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.sources.mail.parsing import parse_mail
from tocsin.sources.mail.parts import MailRefused
from tocsin.sources.mail.texts import Attached


def text_of(*headers: str, body: bytes = b"hello\r\n") -> str:
    return parse_mail("".join(f"{each}\r\n" for each in headers).encode() + b"\r\n" + body).message


PLAIN = "Content-Type: text/plain; charset="


@pytest.mark.parametrize(
    ("headers", "body", "text"),
    [
        ((), b"hello\r\n", "hello\r\n"),
        ((), b"one\ntwo\rthree\r\n", "one\r\ntwo\r\nthree\r\n"),
        ((f"{PLAIN}utf-8",), "привет".encode(), "привет"),
        ((), "привет".encode(), "привет"),
        ((f"{PLAIN}koi8-r",), "привет".encode("koi8-r"), "привет"),
        ((f"{PLAIN}koi8-r",), "привет".encode("koi8-r") + b"\r\n", "привет\r\n"),
        ((f"{PLAIN}utf-8",), b"\xff", "�"),
        ((f"{PLAIN}no-such",), b"hello", "hello"),
        ((f"{PLAIN}punycode",), b"a-b", "a-b"),
        ((f"{PLAIN}zlib",), b"hello", "hello"),
        ((f"{PLAIN}utf-7",), b"+2AA-", "?"),
        ((f"{PLAIN}gb2312",), "朱镕基".encode("gbk"), "朱镕基"),
        ((f"{PLAIN}iso-8859-8-i",), "שלום".encode("iso-8859-8"), "שלום"),
        ((f"{PLAIN}cp-850",), "café".encode("cp850"), "café"),
        ((f"{PLAIN}GB2312",), "镕€".encode("gb18030"), "镕€"),
        ((f"{PLAIN}windows-874",), "สวัสดี…".encode("cp874"), "สวัสดี…"),
        ((f"{PLAIN}x-sjis",), "①髙㈱".encode("cp932"), "①髙㈱"),
        ((f"{PLAIN}x-mac-cyrillic",), "Ґанок €".encode("mac_cyrillic"), "Ґанок €"),
        ((f"{PLAIN}ks_c_5601-1987",), "똠방각하".encode("cp949"), "똠방각하"),
        ((f"{PLAIN}big5",), "碁①".encode("big5hkscs"), "碁①"),
        ((f"{PLAIN}iso-2022-jp",), b'\x1b$B-!|b$"\x1b(B', "①髙あ"),
        ((f"{PLAIN}euc-jp",), b"\xad\xa1\xfc\xe2\xa4\xa2", "①髙あ"),
        ((f"{PLAIN}win-1251",), "привет".encode("cp1251"), "привет"),
        ((f"{PLAIN}cp936",), "朱镕基".encode("gbk"), "朱镕基"),
        ((f"{PLAIN}x-mac-ce",), "żółw".encode("mac_latin2"), "żółw"),
        ((f"{PLAIN}\"'utf-8'\"",), "é".encode(), "é"),
        ((f"{PLAIN}iso-8859-1",), b"\x93a\x94 \x81", "“a” \x81"),
        ((f"{PLAIN}iso-2022-kr",), "한국".encode("iso2022_kr"), "한국"),
        ((f"{PLAIN}csISO2022KR",), "한국".encode("iso2022_kr"), "한국"),
        ((f"{PLAIN}ks_c_5601",), "똠".encode("cp949"), "똠"),
        ((f"{PLAIN}_iso-2022-jp$ESC",), b"\x1b$BF|K\\\x1b(B", "日本"),
        ((f"{PLAIN}latin-2",), "żółw".encode("iso8859-2"), "żółw"),
        ((f"{PLAIN}latin-9",), "€".encode("iso8859-15"), "€"),
        ((f"{PLAIN}us-ascii",), "привет".encode(), "привет"),
        ((f"{PLAIN}cp-1251",), "привет".encode("cp1251"), "привет"),
        ((f"{PLAIN}ANSI-1251",), "привет".encode("cp1251"), "привет"),
        ((f"{PLAIN}windows1251",), "привет".encode("cp1251"), "привет"),
        ((f"{PLAIN}cp-866",), "привет".encode("cp866"), "привет"),
        ((f"{PLAIN}iso-2022-jp-ms",), b"\x1b$B-!F|K\\\x1b(B", "①日本"),
        ((f"{PLAIN}cp50221",), b"\x1b$BF|K\\\x1b(B", "日本"),
        ((f"{PLAIN}eucJP-ms",), b"\xad\xa1", "①"),
        ((f"{PLAIN}EUC-CN",), "朱".encode("gbk"), "朱"),
        ((f"{PLAIN}MacRoman",), "é".encode("mac_roman"), "é"),
        ((f"{PLAIN}x-mac-croatian",), "č".encode("mac_croatian"), "č"),
        ((f"{PLAIN}koi8-r (Cyrillic)",), "привет".encode("koi8-r"), "привет"),
        (("Content-Type: text/plain (a letter); charset=koi8-r",), b"\xd0", "п"),
        (("Content-Type: text/plain charset=koi8-r",), b"\xd0", "п"),
        (("Content-Type: text/plain, charset=koi8-r",), b"\xd0", "п"),
        (('Content-Type: "text/plain"; charset=koi8-r',), b"\xd0", "п"),
        (("Content-Type: text / plain; (a letter) charset=koi8-r",), b"\xd0", "п"),
        (("Content-Type : text/plain; charset=koi8-r",), b"\xd0", "п"),
        (("no header", "yet : text"), b"hello", "no header\r\nyet : text\r\n\r\nhello"),
        ((f"{PLAIN}windows-1251",), b"\xef\xbb\xbf" + "п".encode(), "п"),
        (("Content-Type: text/html",), b'<meta charset="koi8-r">\xd0', '<meta charset="koi8-r">п'),
        (
            ("Content-Type: text/html; charset=us-ascii",),
            b"<META http-equiv=Content-Type content='text/html; charset=koi8-r'>\xd0",
            "<META http-equiv=Content-Type content='text/html; charset=koi8-r'>п",
        ),
        (
            ("Content-Type: text/html; charset=windows-1251",),
            b'<meta charset="koi8-r">\xef',
            '<meta charset="koi8-r">п',
        ),
        (
            ("Content-Type: text/html",),
            '<meta charset="koi8-r">п'.encode(),
            '<meta charset="koi8-r">п',
        ),
        (("Content-Type: text/html",), b'<meta charset="utf-16">\xe9', '<meta charset="utf-16">é'),
        ((f"{PLAIN}us-ascii",), b"caf\xe9", "café"),
        ((f"{PLAIN}no-such",), b"caf\xe9", "café"),
        ((f"{PLAIN}iso-2022-cn",), b"caf\xe9", "café"),
        ((f"{PLAIN}utf-16",), "é".encode("utf-16"), "é"),
        ((f"{PLAIN}koi8-r",), b"\xef\xbb\xbf" + "é".encode(), "é"),
        (("Content-Type: text/plain; charset*=punycode''utf-8",), "é".encode(), "é"),
        (("Content-Transfer-Encoding: base64",), b"aGVsbG8=\r\n", "hello"),
        (("Content-Transfer-Encoding: quoted-printable",), b"a=3Db=\r\nc", "a=bc"),
        (("Content-Transfer-Encoding: base64",), b"!!!", ""),
        (("Content-Transfer-Encoding: BASE64 ",), b"aGVsbG8=\r\n", "hello"),
        (("Content-Transfer-Encoding: base64 (by hand)",), b"aGVsbG8=\r\n", "hello"),
        (('Content-Transfer-Encoding: "quoted-printable"',), b"a=3Db", "a=b"),
        (("Content-Type: ;;;",), b"hello", "hello"),
        (("no header",), b"hello", "no header\r\n\r\nhello"),
    ],
)
def test_text_is_decoded(headers: tuple[str, ...], body: bytes, text: str) -> None:
    assert text_of(*headers, body=body) == text


def test_headers_are_on_one_line_and_otherwise_as_they_stood() -> None:
    content = (
        b"X-One: a\r\n\t b\r\n  c  \r\nx-one:d\r\nSubject: =?utf-8?q?=D0=BF?=\r\nX-Raw: "
        + "п".encode()
        + b"\r\nX-Latin: caf\xe9 \x80 ni\xf1o\r\nX-Empty:\r\n\r\n"
    )
    assert parse_mail(content).headers == (
        ("X-One", "a b c"),
        ("x-one", "d"),
        ("Subject", "=?utf-8?q?=D0=BF?="),
        ("X-Raw", "п"),
        ("X-Latin", "café € niño"),
        ("X-Empty", ""),
    )


def test_what_is_a_file_is_attached() -> None:
    inner = EmailMessage(SMTP)
    inner["Subject"] = "inner"
    inner.set_content("within\n")
    mail = EmailMessage(SMTP)
    mail.set_content("text\n")
    mail.add_attachment("listed\n", filename="a.txt")
    mail.add_attachment(b"\x00\xff", maintype="image", subtype="png", filename="имя.png")
    mail.add_attachment(inner)
    mail.add_attachment("<p>notes</p>\n", subtype="html")
    parsed = parse_mail(mail.as_bytes())
    assert parsed.message == "text\r\n"
    text, image, forwarded, notes = parsed.attached
    assert text == Attached("a.txt", "text/plain", b"listed\r\n")
    assert image == Attached("имя.png", "image/png", b"\x00\xff")
    assert forwarded == Attached("", "message/rfc822", inner.as_bytes())
    assert notes == Attached("", "text/html", b"<p>notes</p>\r\n")


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('filename="../../etc/passwd"', "_.._etc_passwd"),
        ('filename="a\\\\b"', "a_b"),
        ('filename="=?utf-8?b?0L8=?= .txt"', "п .txt"),
        ('filename="=?utf-8?b?0L8udHh0?="', "п.txt"),
        ("filename*=utf-8''%D0%BF.txt", "п.txt"),
        ("filename*=no-such''a.txt", "a.txt"),
        ("filename*=utf-8''a%00b", "a_b"),
        ("filename*=undefined''a", "a"),
        ("filename*=\0''a", "a"),
        ("filename*=koi8-r''%D0.txt", "п.txt"),
        ("filename*0*=utf-8''%D0; filename*1*=%BF.txt", "п.txt"),
        ("filename*0*=utf-8''%D0; filename*1*=%BF; filename*2=.txt", "п.txt"),
        ("filename=\"_.txt\"; filename*=utf-8''%D0%BF.txt", "п.txt"),
        ('filename*0="=?utf-8?b?0L8="; filename*1="?=.txt"', "п.txt"),
        ("filename*=utf-8''=?utf-8?q?=D0=BF?=.txt", "п.txt"),
        ('filename="=?utf-8?b?0A==?= =?utf-8?b?vy50eHQ=?="', "п.txt"),
        ('filename="счёт-фактура.pdf"', "счёт-фактура.pdf"),
        ('filename="п =?undefined?q?a?= =?koi8-r?q?=D0?="', "п aп"),
        ('filename="a\r\n b.txt"', "a b.txt"),
        ("filename=a (1).txt", "a (1).txt"),
        ('filename="a; (1).txt"', "a; (1).txt"),
        ('filename=".."', ""),
        (f'filename="{"a" * 200}.txt"', "a" * 146 + ".txt"),
    ],
)
def test_names_of_attachments_are_no_paths(disposition: str, name: str) -> None:
    content = f"Content-Disposition: attachment; {disposition}\r\n\r\nx".encode()
    [attached] = parse_mail(content).attached
    assert attached == Attached(name, "text/plain", b"x")


def nested(depth: int, end: bytes = b"\r\n") -> bytes:
    levels = [
        (b"Content-Type: multipart/mixed; boundary=b%d" % each, b"", b"--b%d" % each)
        for each in range(depth)
    ]
    return end.join(line for level in levels for line in level) + end * 2 + b"text"


def parts(count: int, part: bytes = b"\r\ntext") -> bytes:
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + (b"--b\r\n%b\r\n" % part) * count


def test_what_mails_hold_is_not_refused() -> None:
    assert parse_mail(nested(10)).message == "text"
    assert parse_mail(parts(100)).message.count("text") == 100
    forwarded = b"Content-Type: message/rfc822\r\n\r\n" + nested(3)
    assert len(parse_mail(parts(100, forwarded)).attached) == 100
    assert parse_mail(nested(1000).replace(b"multipart/mixed", b"message/rfc822")).attached
    assert len(parse_mail(b"\r\n" + b"x" * 76 + b"\r\n" * 100_000).message) > 200_000


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (nested(1000), "nests too many parts"),
        (nested(1000, b"\r"), "nests too many parts"),
        (nested(1000).replace(b": multipart", b":\r\n \x1cMULTIPART"), "nests too many parts"),
        (nested(20) + b"\r\n" * 300_000, "nests too many parts"),
        (parts(600), "parts"),
        (b"\r\n" * 600_000, "lines"),
        (b"A: b\r\n" * 6000, "headers"),
        (b"Content-Type: text/plain" + b';a="\\"' * 1000, "content header"),
        (b"Content-Disposition: inline" + b";\r\n a=b" * 1000, "content header"),
    ],
)
def test_what_would_be_long_in_reading_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(MailRefused, match=why) as refused:
        parse_mail(content)
    assert str(refused.value).isascii()


# Codecs of Python that are no charsets of text, fail on any text, or take the square of its length.
CODECS = ["punycode", "idna", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "rot13"]
NAMES = sorted({*CODECS, *aliases.values(), "", "\0", "utf-8\0", "\udcff", "x" * 100, "..", "é"})


@pytest.mark.parametrize("name", NAMES)
def test_no_name_of_a_charset_fails_a_mail(name: str) -> None:
    """Each stands wherever a mail names one: of a text, a name, a boundary, an inner mail."""
    for body in (b"hello \xff\xe9\x80 -w", b"hello"):
        for content_type in ("text/plain", "multipart/mixed", "message/rfc822"):
            for header in (
                f"Content-Type: {content_type}; charset={name}",
                f"Content-Type: {content_type}; charset*={name}''{name}",
                f"Content-Type: {content_type}; boundary*={name}''b",
                f"Content-Type: {content_type}; name*={name}''%FFb",
                f"Content-Disposition: inline; filename*={name}''%FFb",
                f"Content-Disposition: attachment; filename==?{name}?q?=FFb?=",
                f"Content-Type: {content_type}; boundary*=a; boundary*0=b",
                "Content-Disposition: inline; filename*=a; filename*0=b",
            ):
                content = header.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body
                parsed = parse_mail(content)
                whole = parsed.message.encode() + b"".join(each.content for each in parsed.attached)
                assert b"hello" in whole
                for each in parsed.attached:
                    each.name.encode()


PIECES = [
    *(b"Content-Type: ", b"Content-Disposition: ", b"Content-Transfer-Encoding: ", b"\r\n", b"\r"),
    *(
        b"multipart/mixed",
        b"text/plain",
        b"message/rfc822",
        b"; boundary=b",
        b"--b",
        b"--b--",
        b"=?",
    ),
    *(
        b"; charset=",
        b"; filename*=",
        b"; filename*0*=",
        b"''",
        b"punycode",
        b"utf-8",
        b"?q?",
        b"?=",
    ),
    *(
        b"base64",
        b"x-uuencode",
        b"quoted-printable",
        b"begin 666 a",
        b'"',
        b"\\",
        b"%FF",
        b" ",
        b"\xff",
    ),
]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4)).map(b"".join))
def test_no_bytes_fail_a_mail(content: bytes) -> None:
    with suppress(MailRefused):
        parse_mail(content).message.encode()


def test_white_space_that_is_not_of_ascii_hides_no_part_that_holds_parts() -> None:
    hidden = nested(1000).replace(b": multipart", ":\u00a0multipart".encode())
    assert parse_mail(hidden).attached[0].content_type == "application/octet-stream"
