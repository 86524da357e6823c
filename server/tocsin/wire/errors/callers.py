"""Errors about who calls, how often, and who sends events."""

from collections.abc import Sequence

import grpc

from tocsin.wire.errors.error import (
    ApiError,
    about,
    exhausted,
    precondition,
    quota_failure,
    span_text,
)

# In this time a server answers most of the calls that it has under way.
OVERLOADED_SECONDS = 1.0
OVERLOADED = "OVERLOADED"
CHALLENGE = (("www-authenticate", "Bearer"),)
"""An HTTP answer of 401 must have this header (RFC 9110, section 11.6.1)."""


def sender_unproven(why: str) -> ApiError:
    return about(
        ApiError(
            grpc.StatusCode.UNAUTHENTICATED,
            "SENDER_UNPROVEN",
            f"The sender of this webhook is not authenticated: {why}",
        ),
        why=why,
    )


def sender_unprovable(table: str) -> ApiError:
    return about(
        ApiError(
            grpc.StatusCode.UNAUTHENTICATED,
            "SENDER_UNPROVABLE",
            "This server can't authenticate the senders of webhooks: set secret, hub_keys or "
            f"standard_keys in [sources.webhooks], or in [sources.webhooks.{table}]",
        ),
        table=table,
    )


def log_sender_unproven() -> ApiError:
    return ApiError(
        grpc.StatusCode.UNAUTHENTICATED,
        "SENDER_UNPROVEN",
        "The sender of these logs is not authenticated: the Authorization header must hold the "
        "secret of one of [sources.logs.otlp_senders]",
        headers=CHALLENGE,
    )


def log_sender_unprovable() -> ApiError:
    return ApiError(
        grpc.StatusCode.UNAUTHENTICATED,
        "SENDER_UNPROVABLE",
        "This server can't authenticate who sends logs over HTTP: set secret and log_group in "
        "[sources.logs.otlp_senders.NAME], or send OTLP over gRPC",
        headers=CHALLENGE,
    )


def credential_missing() -> ApiError:
    return ApiError(
        grpc.StatusCode.UNAUTHENTICATED,
        "CREDENTIALS_MISSING",
        "A credential is missing: send `authorization: Bearer TOKEN` or "
        "`authorization: Api-Key SECRET`",
        headers=CHALLENGE,
    )


def credential_refused() -> ApiError:
    """Returns an error in the vendor's words, which hide the reason from the caller."""
    return ApiError(
        grpc.StatusCode.UNAUTHENTICATED,
        "CREDENTIALS_REFUSED",
        "Token is invalid or has expired.",
        headers=CHALLENGE,
    )


def session_ended(headers: Sequence[tuple[str, str]]) -> ApiError:
    """Takes the headers that remove the session's cookie."""
    return ApiError(
        grpc.StatusCode.UNAUTHENTICATED,
        "SESSION_ENDED",
        "The session has ended: sign in again",
        headers=(*CHALLENGE, *headers),
    )


def not_from_page() -> ApiError:
    return ApiError(
        grpc.StatusCode.PERMISSION_DENIED,
        "NOT_FROM_PAGE",
        "A session counts only for requests of this server's page. They have the header "
        "tocsin-console, and come from the origin at which the session began",
    )


def not_signed_in_from_page() -> ApiError:
    """Returns an error that is no denial: other pages could use up the tries of who sees them."""
    return precondition(
        "NOT_FROM_PAGE",
        "Only this server's page signs in: over REST, with the headers tocsin-console and Origin",
    )


def sign_in_refused() -> ApiError:
    """Returns an error that hides the reason from the caller, who may be guessing."""
    return ApiError(
        grpc.StatusCode.UNAUTHENTICATED,
        "SIGN_IN_REFUSED",
        "The sign-in did not succeed. Begin anew",
    )


def sign_in_unavailable(issuer: str) -> ApiError:
    return about(
        ApiError(
            grpc.StatusCode.UNAVAILABLE,
            "ISSUER_UNAVAILABLE",
            f"Issuer {issuer} can't be asked now, or refused; the server's log says why",
        ),
        issuer=issuer,
    )


def session_missing() -> ApiError:
    return precondition(
        "SESSION_MISSING", "This call has a credential of its own: there is no session to end"
    )


def permission_denied(permission: str, resource: str) -> ApiError:
    """Returns an error in the words of AIP-211, which hide whether the resource exists."""
    name = resource[:256]
    return ApiError(
        grpc.StatusCode.PERMISSION_DENIED,
        "IAM_PERMISSION_DENIED",
        f"Permission '{permission}' denied on resource '{name}' (or it might not exist).",
        metadata=(("permission", permission), ("resource", name)),
    )


def scope_insufficient(scope: str) -> ApiError:
    return ApiError(
        grpc.StatusCode.PERMISSION_DENIED,
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        f"Request had insufficient authentication scopes: the token needs {scope}.",
        metadata=(("scope", scope),),
    )


def too_many_calls(seconds: float) -> ApiError:
    return about(
        exhausted(
            "RATE_LIMIT_EXCEEDED", f"Too many calls; try again in {span_text(seconds)}", seconds
        ),
        seconds=seconds,
    )


def too_many_under_way(most: int) -> ApiError:
    return about(
        exhausted(
            OVERLOADED,
            f"This server has {most} calls under way, as many as it takes; nothing was done, try "
            f"again in {span_text(OVERLOADED_SECONDS)}",
            OVERLOADED_SECONDS,
        ),
        most=most,
    )


def too_many_streams(whose: str, most: int) -> ApiError:
    return about(
        exhausted(
            "TOO_MANY_STREAMS",
            f"{whose} has {most} streams open, as many as may be; close one, or try again later",
            None,
        ),
        whose=whose,
        most=most,
    )


def stopping() -> ApiError:
    return ApiError(
        grpc.StatusCode.UNAVAILABLE,
        "SERVER_STOPS",
        "This server stops, and opens no more streams; call another node, or try again later",
    )


def too_many_bad_credentials(seconds: float) -> ApiError:
    return about(
        exhausted(
            "TOO_MANY_BAD_CREDENTIALS",
            f"Too many bad credentials came from your address; try again in {span_text(seconds)}",
            seconds,
        ),
        seconds=seconds,
    )


def too_many_invocations(subject: str, per_minute: float, seconds: float) -> ApiError:
    quota = f"{subject} has used up its {per_minute:g} invocations a minute"
    return about(
        exhausted(
            "QUOTA_EXCEEDED",
            f"{quota}; try again in {span_text(seconds)}",
            seconds,
            quota_failure(subject, quota),
        ),
        subject=subject,
        perMinute=per_minute,
        seconds=seconds,
    )


def payload_over_quota(subject: str, size: int, most: int) -> ApiError:
    quota = f"A request of this method may have at most {most} bytes, but has {size}"
    return about(
        exhausted("QUOTA_EXCEEDED", quota, None, quota_failure(subject, quota)),
        subject=subject,
        size=size,
        most=most,
    )


def proof_refused(what: str, why: str) -> ApiError:
    """Returns an error that gives the reason, because only the owner of a proof can see it."""
    return about(
        ApiError(
            grpc.StatusCode.UNAUTHENTICATED,
            "CREDENTIALS_REFUSED",
            f"The {what} is refused: {why}",
            headers=CHALLENGE,
        ),
        what=what,
        why=why,
    )


def tokens_made_of_tokens(most: int) -> ApiError:
    return about(
        precondition(
            "TOKEN_MADE_OF_TOKENS",
            f"The token was made of another, and so on {most} times; show an API key, or a token "
            "that you got for a key",
        ),
        most=most,
    )
