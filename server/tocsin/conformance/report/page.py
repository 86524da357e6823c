"""Writes `report.html`: one page that needs nothing else, and that can be filtered."""

from importlib.resources import files

from jinja2 import Environment

from tocsin.conformance.clauses import Level
from tocsin.conformance.outcomes import Outcome
from tocsin.conformance.report.summary import Run
from tocsin.printable import printable

# The outcomes, each with the word that styles it.
STYLES = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.FIXED: "fixed",
    Outcome.KNOWN: "known",
    Outcome.REPORTED: "reported",
    Outcome.NOT_RUN: "notrun",
}


def page(run: Run) -> str:
    """Returns the page. All that a server has said in it is escaped."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["shown"] = lambda text: printable(text, newlines=True)
    template = environment.from_string(_file("page.html.jinja"))
    return template.render(
        run=run,
        style=_file("page.css"),
        script=_file("page.js"),
        levels=list(Level),
        outcomes=list(STYLES),
        styles=STYLES,
        passed=Outcome.PASSED,
        not_run=Outcome.NOT_RUN,
    )


def _file(name: str) -> str:
    return files("tocsin.conformance.report").joinpath(name).read_text(encoding="utf-8")
