"""All text of a mail is in the message or attached, however the sender's program arranged it."""

from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from tocsin.sources.mail.parsing import ParsedMail, parse_mail
from tocsin.sources.mail.texts import Attached

PLAIN, HTML, FILE = "text/plain", "text/html", "application/pdf; name=offer.pdf"


def leaf(content_type: str, text: str, *headers: str) -> bytes:
    lines = [f"Content-Type: {content_type}", *headers, "", text]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def multipart(subtype: str, *parts: bytes, before: str = "", after: str = "") -> bytes:
    boundary = f"b{next(BOUNDARIES)}"
    lines = [
        f"Content-Type: multipart/{subtype}; boundary={boundary}".encode(),
        b"",
        *([before.encode()] if before else []),
        *(line for part in parts for line in (f"--{boundary}".encode(), part)),
        f"--{boundary}--".encode(),
        *([after.encode()] if after else []),
    ]
    return b"\r\n".join(lines)


BOUNDARIES = count()


def contents(parsed: ParsedMail) -> list[bytes]:
    return [each.content for each in parsed.attached]


def test_of_alternatives_the_html_is_the_message_and_its_double_is_left_out() -> None:
    mail = EmailMessage(SMTP)
    mail.set_content("*Hello* you & me, see https://example.com/a\n")
    page = '<p><b>H</b>ello you &amp; me, <a href="https://example.com/a">see</a></p>\n'
    mail.add_alternative(page, subtype="html")
    mail.get_payload()[1].add_related(b"png", "image", "png", cid="<a>")  # type: ignore[index, union-attr]
    parsed = parse_mail(mail.as_bytes())
    assert parsed.message == page.replace("\n", "\r\n")
    assert parsed.attached == (Attached("", "image/png", b"png"),)


def test_a_plain_text_that_says_more_than_its_html_is_attached() -> None:
    parsed = parse_mail(
        multipart("alternative", leaf(PLAIN, "code 4711"), leaf(HTML, "<p>the code</p>"))
    )
    assert parsed.message == "<p>the code</p>"
    assert parsed.attached == (Attached("", PLAIN, b"code 4711"),)


def test_text_between_and_after_attachments_is_in_the_message() -> None:
    parsed = parse_mail(
        multipart(
            "mixed", leaf(PLAIN, "one"), leaf(FILE, "a"), leaf(PLAIN, "two"), leaf(PLAIN, "3")
        )
    )
    assert parsed.message == "one\r\ntwo\r\n3"
    assert contents(parsed) == [b"a"]


def test_each_html_part_under_alternative_is_in_the_message() -> None:
    whole = multipart("mixed", leaf(HTML, "<p>A</p>"), leaf(FILE, "a"), leaf(HTML, "<p>B</p>"))
    parsed = parse_mail(multipart("alternative", leaf(PLAIN, "A B"), whole))
    assert parsed.message == "<p>A</p>\r\n<p>B</p>"
    assert contents(parsed) == [b"a"]
    parsed = parse_mail(
        multipart("alternative", leaf(PLAIN, "A B"), leaf(HTML, "<p>A</p>"), leaf(HTML, "<p>B</p>"))
    )
    assert parsed.message == "<p>A</p>\r\n<p>B</p>"


def test_files_among_the_plain_alternative_are_attached_and_so_are_its_texts() -> None:
    whole = multipart("mixed", leaf(PLAIN, "A"), leaf(FILE, "a"), leaf(PLAIN, "only here"))
    parsed = parse_mail(multipart("alternative", whole, leaf(HTML, "<p>A</p>")))
    assert parsed.message == "<p>A</p>"
    assert contents(parsed) == [b"a", b"only here"]


def test_texts_beside_the_root_of_related_are_in_the_message() -> None:
    parsed = parse_mail(
        multipart("related", leaf(HTML, "<p>A</p>"), leaf("image/png", "x"), leaf(PLAIN, "footer"))
    )
    assert parsed.message == "<p>A</p>\r\nfooter"
    assert contents(parsed) == [b"x"]


def test_of_two_plain_alternatives_the_second_is_attached_if_it_says_more() -> None:
    for second, attached in (("hello", []), ("hello there", [b"hello there"])):
        parts = leaf(PLAIN, "hello"), leaf("text/markdown", second)
        parsed = parse_mail(multipart("alternative", *parts))
        assert (parsed.message, contents(parsed)) == ("hello", attached)


def test_an_invitation_is_attached_beside_its_text() -> None:
    event = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
    parsed = parse_mail(
        multipart(
            "alternative",
            leaf(PLAIN, "come"),
            leaf(HTML, "<p>come</p>"),
            leaf("text/calendar; method=REQUEST", event),
        )
    )
    assert parsed.message == "<p>come</p>"
    assert parsed.attached == (Attached("", "text/calendar", event.encode()),)


def test_a_multipart_without_its_boundary_is_the_message_as_it_stood() -> None:
    for content_type in ("multipart/mixed", "multipart/mixed; boundary=other"):
        parsed = parse_mail(leaf(content_type, "--x\r\n\r\nhello\r\n--x--"))
        assert parsed.message == "--x\r\n\r\nhello\r\n--x--"


def test_a_boundary_in_eight_bits_divides_parts() -> None:
    body = "--é\r\n\r\none\r\n--é\r\nContent-Type: image/png\r\n\r\nx\r\n--é--\r\n"
    parsed = parse_mail(leaf('multipart/mixed; boundary="é"', body))
    assert (parsed.message, contents(parsed)) == ("one", [b"x"])


def test_what_was_written_around_the_parts_is_attached() -> None:
    parsed = parse_mail(multipart("mixed", leaf(PLAIN, "in"), before="above", after="scanned by X"))
    assert parsed.message == "in"
    assert contents(parsed) == [b"above", b"scanned by X"]


def test_what_programs_write_before_the_parts_is_dropped() -> None:
    before = "This is a multi-part message in MIME format."
    parsed = parse_mail(multipart("mixed", leaf(PLAIN, "in"), before=before, after=" "))
    assert parsed == ParsedMail(parsed.headers, "in", ())


def test_a_mail_in_the_mail_is_attached_byte_for_byte() -> None:
    """The signature of a forwarded mail holds for its bytes alone."""
    forwarded = (
        b"Subject: a\r\n\t b\r\nX-Raw: caf\xe9\r\nContent-Type: multipart/signed; boundary=s\r\n"
        b"\r\npreamble\r\n--s\r\n\r\nFrom here \r\n--s\r\nContent-Type: "
        b"application/pkcs7-signature; name=smime.p7s\r\n\r\nx\r\n--s--\r\n"
    )
    head = b"Content-Type: message/rfc822\r\n\r\n"
    parsed = parse_mail(multipart("mixed", leaf(PLAIN, "see below"), head + forwarded))
    assert parsed.message == "see below"
    assert parsed.attached == (Attached("", "message/rfc822", forwarded),)


def test_each_mail_of_a_digest_is_attached() -> None:
    one, two = (b"\r\nSubject: %d\r\n\r\ntext" % each for each in (1, 2))
    parsed = parse_mail(multipart("digest", one, two))
    assert contents(parsed) == [one.removeprefix(b"\r\n"), two.removeprefix(b"\r\n")]
    assert {each.content_type for each in parsed.attached} == {"message/rfc822"}


def test_a_report_of_undelivered_mail_is_attached_as_it_came() -> None:
    status = "Reporting-MTA: dns; a\r\n\r\nFinal-Recipient: rfc822; b\r\nAction: failed\r\n"
    report = leaf("message/delivery-status", status)
    parsed = parse_mail(multipart("report", leaf(PLAIN, "it failed"), report))
    assert parsed.message == "it failed"
    assert parsed.attached == (Attached("", "message/delivery-status", status.encode()),)


def test_a_signed_mail_has_its_text_and_its_signature() -> None:
    signature = leaf("application/pkcs7-signature; name=smime.p7s", "MIIB")
    parsed = parse_mail(multipart("signed", leaf(PLAIN, "signed"), signature))
    assert parsed.message == "signed"
    assert parsed.attached == (Attached("smime.p7s", "application/pkcs7-signature", b"MIIB"),)


def test_a_winmail_dat_is_attached() -> None:
    tnef = leaf(
        "application/ms-tnef; name=winmail.dat", "\udcff", "Content-Transfer-Encoding: 8bit"
    )
    parsed = parse_mail(multipart("mixed", leaf(PLAIN, "hello"), tnef))
    assert parsed.attached == (Attached("winmail.dat", "application/ms-tnef", b"\xff"),)


def test_a_file_in_the_text_and_soft_line_breaks_stay_as_they_stood() -> None:
    for text in ("begin 644 a.txt\r\n#86)C\r\n`\r\nend\r\n", "long \r\nline\r\n"):
        assert parse_mail(leaf("text/plain; format=flowed", text)).message == text


def test_a_mail_without_a_body_has_an_empty_message() -> None:
    for content in (b"", b"\r\n", b"Subject: a\r\n", leaf(PLAIN, ""), multipart("mixed")):
        parsed = parse_mail(content)
        assert parsed.message.strip() in ("", content.decode().partition("\r\n\r\n")[2].strip())


def test_of_two_content_types_the_first_counts_and_both_are_headers() -> None:
    content = leaf("text/html; charset=utf-8", "<p>é</p>", "Content-Type: text/plain")
    parsed = parse_mail(content)
    assert parsed.message == "<p>é</p>"
    assert [value for _, value in parsed.headers] == ["text/html; charset=utf-8", "text/plain"]


def test_bytes_that_no_charset_has_are_attached_as_they_came() -> None:
    for charset, raw in (
        ("utf-8", b"caf\xe9"),
        ("windows-874", b"\xdb"),
        ("utf-7", b"+2AA-"),
        ("gb2312", b"\xff\xff"),
        ("euc-jp", b"\xad\xa1\xff"),
        ("iso-2022-jp", b"\x1b$B\x7f\x7f\x1b(B"),
    ):
        head = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode()
        assert parse_mail(head + raw).attached == (Attached("", PLAIN, raw),)


def test_text_in_an_unknown_charset_is_a_guess_so_its_bytes_are_attached() -> None:
    for charset, raw in (("hp-roman8", b"caf\xc5"), ("iso-2022-cn", b"\x1b$)A\x0eVP\x0f")):
        head = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode()
        assert parse_mail(head + raw).attached == (Attached("", PLAIN, raw),)
        for sure in (b"cafe", "café".encode()):
            assert parse_mail(head + sure).attached == ()


def test_what_a_charset_has_is_not_attached_again() -> None:
    for charset, raw in (("utf-8", "\ufffd".encode()), ("iso-8859-1", b"\x81"), ("", b"caf\xe9")):
        head = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode()
        assert parse_mail(head + raw).attached == ()


def test_text_that_was_added_to_base64_is_attached_as_it_came() -> None:
    for body in (b"aGVsbG8=\r\n-- \r\nthe list\r\n", b"aGVs=bG8=", b"!!!"):
        parsed = parse_mail(b"Content-Transfer-Encoding: base64\r\n\r\n" + body)
        assert parsed.attached == (Attached("", PLAIN, body),)
    spaced = parse_mail(b"Content-Transfer-Encoding: base64\r\n\r\n aGVs \r\n\tbG8=\r\n\r\n")
    assert (spaced.message, spaced.attached) == ("hello", ())


def test_indented_text_without_the_line_before_it_is_in_the_message() -> None:
    body = "--b\r\n  indented\r\n\tmore\r\nthe rest\r\n--b--\r\n"
    parsed = parse_mail(leaf("multipart/mixed; boundary=b", body))
    assert parsed.message == "  indented\r\n\tmore\r\nthe rest"


def test_text_that_was_added_to_uuencode_is_attached_as_it_came() -> None:
    file = b"begin 644 a\r\n#86)C\r\n`\r\nend\r\n"
    for body, attached in ((file, ()), (file + b"the list\r\n", (file + b"the list\r\n",))):
        parsed = parse_mail(b"Content-Transfer-Encoding: x-uuencode\r\n\r\n" + body)
        assert parsed.message == "abc"
        assert tuple(contents(parsed)) == attached


def test_a_text_with_a_name_is_the_message_if_there_is_nothing_else() -> None:
    named = leaf("text/html; name=index.html", "<p>A</p>")
    assert parse_mail(named) == ParsedMail(parse_mail(named).headers, "<p>A</p>", ())
    parsed = parse_mail(multipart("mixed", leaf(PLAIN, "see"), named))
    assert (parsed.message, contents(parsed)) == ("see", [b"<p>A</p>"])


def test_a_text_of_any_kind_is_the_message_if_there_is_nothing_else() -> None:
    for kind in ("text/calendar; method=REQUEST", "text/csv; name=a.csv", "text/xml"):
        parsed = parse_mail(leaf(kind, "a,b"))
        assert (parsed.message, parsed.attached) == ("a,b", ())
    for kind in ("text/csv", "text/calendar"):
        file = leaf(kind, "a,b", "Content-Disposition: attachment; filename=a")
        assert contents(parse_mail(file)) == [b"a,b"]
    assert contents(parse_mail(leaf("application/json", "{}"))) == [b"{}"]


def test_an_empty_name_gives_way_to_the_other_header() -> None:
    content = leaf("image/png; name=a.png", "x", 'Content-Disposition: attachment; filename=""')
    assert parse_mail(content).attached == (Attached("a.png", "image/png", b"x"),)


def test_a_name_in_eight_bits_is_in_the_charset_of_the_text() -> None:
    name = "счёт.pdf"
    for charset, text in (("windows-1251", "п"), ("utf-8", "п"), ("windows-1251", "")):
        raw = name.encode("utf-8" if not text else charset).decode("utf-8", "surrogateescape")
        attachment = leaf(
            "application/pdf", "x", f'Content-Disposition: attachment; filename="{raw}"'
        )
        first = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + text.encode(
            charset
        )
        [attached] = parse_mail(multipart("mixed", first, attachment)).attached
        assert attached.name == name


WORDS = st.from_regex(r"[a-zà-öа-я]{3,8}( [a-zà-öа-я0-9]{3,8}){0,4}", fullmatch=True)
DISPOSITIONS = st.sampled_from([(), ("inline",), ("attachment",)])


@st.composite
def mails_with_texts(draw: st.DrawFn) -> tuple[EmailMessage, list[str]]:
    """Draws a mail as the standard library writes them, and the texts that are in it."""
    texts: list[str] = []

    def new_text(mail: EmailMessage) -> None:
        texts.append(draw(WORDS))
        html = draw(st.booleans())
        mail.set_content(
            f"<p>{texts[-1]}</p>\n" if html else texts[-1] + "\n",
            subtype="html" if html else "plain",
            cte=draw(st.sampled_from(["8bit", "base64", "quoted-printable"])),
            **({"disposition": disposition[0]} if (disposition := draw(DISPOSITIONS)) else {}),
        )

    def fill(mail: EmailMessage, depth: int) -> None:
        shape = draw(st.sampled_from(["text", "mixed", "alternative", "related", "message"]))
        if shape == "text" or depth == 0:
            new_text(mail)
        elif shape == "message":
            inner = EmailMessage(SMTP)
            fill(inner, depth - 1)
            mail.set_content(inner)
        else:
            getattr(mail, f"make_{shape}")()
            for _ in range(draw(st.integers(1, 3))):
                part = EmailMessage(SMTP)
                fill(part, depth - 1)
                mail.attach(part)

    whole = EmailMessage(SMTP)
    fill(whole, 3)
    return whole, texts


@given(mails_with_texts())
def test_every_text_that_goes_in_comes_out(drawn: tuple[EmailMessage, Sequence[str]]) -> None:
    mail, texts = drawn
    parsed = parse_mail(mail.as_bytes())
    found = found_in(parsed)
    for text in texts:
        assert text in found or set(text.split()) <= set(found.split())


def found_in(parsed: ParsedMail) -> str:
    """Returns all text of a parsed mail; mails inside it are parsed in their turn."""
    texts = [parsed.message]
    for each in parsed.attached:
        inside = each.content_type == "message/rfc822"
        texts.append(found_in(parse_mail(each.content)) if inside else each.content.decode())
    return "\n".join(texts).replace("<", " <").replace(">", "> ")
