"""What strangers send is shown as text, and does nothing."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

from console.browser import Faults
from console.rest import failing_timer, fire, state, timer, trigger
from stand.processes import eventually
from stand.recording_target import Answer, RecordingTarget
from stand.tocsin_process import Tocsin

HOSTILE = (
    "<script>document.title='taken'</script>",
    "<img src=x onerror=\"document.title='taken'\">",
    "\"><svg onload=document.title='taken'>",
    "javascript:document.title='taken'",
    "{{constructor.constructor('document.title=1')()}}",
    "\u202egnp.exe\u2066 \u0000 \u001b]0;taken\u0007",
    "</textarea><script>document.title='taken'</script>",
    "__proto__",
)


def unharmed(page: Page) -> bool:
    return "taken" not in page.title() and page.locator("img, main script, iframe").count() == 0


@pytest.mark.parametrize("text", HOSTILE)
def test_a_description_and_a_payload_are_text(
    page: Page, server: Tocsin, folder: str, text: str
) -> None:
    text = text.replace("\x00", "")
    made = trigger(server, folder, "stranger", timer(payload=text), description=text)
    invocation = fire(server, made)
    for place in (
        f"triggers?folder={folder}",
        f"triggers/{made}",
        f"triggers/{made}/edit",
        f"triggers/{made}/fire",
        f"invocations/{invocation}",
    ):
        page.goto(f"/#/{place}")
        expect(page.locator("main h1").first).to_be_visible()
        assert unharmed(page)


@pytest.mark.parametrize("text", HOSTILE)
def test_an_error_of_a_hostile_target_is_text(
    page: Page, server: Tocsin, target: RecordingTarget, folder: str, text: str
) -> None:
    target.answers[f"/functions/{folder}"] = lambda _: Answer(500, text.encode())
    invocation = fire(server, trigger(server, folder, "stranger", failing_timer(folder)))
    eventually(lambda: state(server, invocation) == "STATE_FAILED")
    for place in (f"invocations?folder={folder}", f"invocations/{invocation}"):
        page.goto(f"/#/{place}")
        expect(page.locator("main h1").first).to_be_visible()
        expect(page.locator("main").get_by_text("500").first).to_be_visible()
        assert unharmed(page)


@pytest.mark.parametrize("text", HOSTILE)
def test_an_address_is_text(page: Page, folder: str, text: str, faults: Faults) -> None:
    """Whoever makes a link that others open."""
    faults.expect("400")  # for NUL, which no text may hold
    for place in (f"triggers?folder={folder}&text=", "triggers?folder=", "invocations?error="):
        page.goto("/#/test-event")
        page.evaluate(
            "([place, text]) => { location.hash = place + encodeURIComponent(text) }",
            [f"#/{place}", text],
        )
        expect(page.locator("main h1").first).to_be_visible()
        assert unharmed(page)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60))
def test_any_text_is_shown_as_it_is(page: Page, server: Tocsin, folder: str, text: str) -> None:
    made = trigger(server, folder, "", timer(), description=f"<b>{text}</b>")
    page.goto(f"/#/triggers/{made}")
    expect(page.locator("main .crumbs")).to_contain_text(made)
    shown = page.locator("main .head p.soft")
    assert shown.evaluate("(element) => element.textContent") == f"<b>{text}</b>"
