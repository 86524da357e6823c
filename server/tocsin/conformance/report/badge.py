"""Draws `badge.svg`: the verdict and its numbers in one line."""

from html import escape

from tocsin.conformance.outcomes import Verdict
from tocsin.conformance.report.summary import Run

_LABEL = "trigger contracts"
_COLOURS = {
    Verdict.CONFORMS: "#1f7a3d",
    Verdict.IN_PART: "#8a6100",
    Verdict.FAILS: "#b3261e",
    Verdict.NOTHING: "#5f6368",
    Verdict.INTERRUPTED: "#5f6368",
}
_CHARACTER = 6.4  # a character of Verdana at 11 pixels, about; `textLength` makes it so
_PADDING = 7


def badge(run: Run) -> str:
    """Returns the badge as SVG, without fonts or pictures from elsewhere."""
    text = f"{run.verdict} {run.passed()}/{len(run.ran())}"
    left, right = _width(_LABEL), _width(text)
    title = escape(f"{_LABEL}: {text}")
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{left + right:.0f}" height="20" role="img" \
aria-label="{title}">
  <title>{title}</title>
  <clipPath id="r"><rect width="{left + right:.0f}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#r)">
    <rect width="{left:.0f}" height="20" fill="#3c4043"/>
    <rect x="{left:.0f}" width="{right:.0f}" height="20" fill="{_COLOURS[run.verdict]}"/>
  </g>
  <g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" \
text-anchor="middle">
    {_text(_LABEL, left / 2)}
    {_text(text, left + right / 2)}
  </g>
</svg>
"""


def _width(text: str) -> float:
    return len(text) * _CHARACTER + 2 * _PADDING


def _text(text: str, middle: float) -> str:
    length = len(text) * _CHARACTER
    return f'<text x="{middle:.1f}" y="14" textLength="{length:.0f}">{escape(text)}</text>'
