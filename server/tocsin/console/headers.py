"""Says what a browser may do with the page: what it loads, keeps, and tells others."""

from collections.abc import Sequence
from typing import Final

Headers = Sequence[tuple[str, str]]

# Scripts come from this server's files alone, whatever gets into the page's text; a sink that takes
# HTML takes nothing.
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

_EVERYWHERE: Headers = (
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
)

OF_PAGE: Final[Headers] = (*_EVERYWHERE, ("cache-control", "no-cache"))
"""Of the index, which is asked for again each time: it names the assets of this version."""

OF_ASSET: Final[Headers] = (*_EVERYWHERE, ("cache-control", "public, max-age=31536000, immutable"))
"""Of an asset, whose URL has the hash of all."""

NOT_KEPT: Final[Headers] = (*_EVERYWHERE, ("cache-control", "no-store"))
"""Of a refusal."""
