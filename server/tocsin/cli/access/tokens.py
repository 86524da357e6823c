"""Defines `tocsin access tokens`, which exchanges a key file or an OAuth token for IAM tokens."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin.cli.connection import USUAL_SERVER, CaOption, ServerOption, connected
from tocsin.cli.refusal import USAGE, refusal
from tocsin.cli.terminal.lines import note, say
from tocsin.cli.terminal.output import Output, OutputOption, instant_text, print_json
from tocsin.schedule import SystemClock
from tocsin_protos.yandex.cloud.iam.v1 import iam_token_service_pb2 as contract

app = typer.Typer(no_args_is_help=True, help="Get and revoke IAM tokens.")

OAUTH_TOKEN = "TOCSIN_OAUTH_TOKEN"  # noqa: S105 (the name of a variable)
IAM_TOKEN = "TOCSIN_IAM_TOKEN"  # noqa: S105 (the name of a variable)
AUDIENCE = "https://iam.api.cloud.yandex.net/iam/v1/tokens"
LIFE = timedelta(minutes=10)


@app.command("create")
def create_token(
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="Sign with this key file of a service account."),
    ] = None,
    output: OutputOption = Output.TABLE,
    server: ServerOption = USUAL_SERVER,
    ca: CaOption = None,
) -> None:
    """Exchange a key file, or the OAuth token in TOCSIN_OAUTH_TOKEN, for an IAM token."""
    oauth_token = os.environ.get(OAUTH_TOKEN)
    if (key is None) == (not oauth_token):
        raise refusal(f"give either --key FILE or {OAUTH_TOKEN}", status=USAGE)
    request = contract.CreateIamTokenRequest()
    if key is not None:
        request.jwt = _signed(key)
    else:
        request.yandex_passport_oauth_token = oauth_token or ""
    with connected(server, ca) as api:
        response = api.iam_tokens.Create(request)
    if output is Output.JSON:
        print_json(response)
    else:
        note(f"valid until {instant_text(response.expires_at)}")
        say(response.iam_token)


@app.command("revoke")
def revoke_token(server: ServerOption = USUAL_SERVER, ca: CaOption = None) -> None:
    """Revoke the IAM token in TOCSIN_IAM_TOKEN."""
    token = os.environ.get(IAM_TOKEN)
    if not token:
        raise refusal(f"{IAM_TOKEN} is not set: put the token there", status=USAGE)
    with connected(server, ca) as api:
        response = api.iam_tokens.Revoke(contract.RevokeIamTokenRequest(iam_token=token))
    say(f"token of {response.subject_id} revoked")


def _signed(file: Path) -> str:
    """Signs a request for a token with a key file, as the vendor's SDKs do."""
    import jwt  # slow to import

    try:
        key: dict[str, Any] = json.loads(file.read_text())
        now = SystemClock().now()
        claims = {
            "iss": key["service_account_id"],
            "aud": AUDIENCE,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFE).timestamp()),
        }
        return jwt.encode(claims, key["private_key"], "PS256", headers={"kid": key["id"]})
    except OSError as error:
        raise refusal(f"{file}: {error.strerror}", status=USAGE) from error
    except (ValueError, KeyError, TypeError, RecursionError, jwt.PyJWTError):
        raise refusal(f"{file}: must be a key file of a service account", status=USAGE) from None
