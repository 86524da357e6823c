"""Reads the caller's credential from its file; a signing key is exchanged for a token."""

import json
from pathlib import Path
from typing import Any

import grpc
import jwt

from tocsin.conformance.options import OptionError, Options
from tocsin.conformance.patience import unix_seconds
from tocsin_protos.yandex.cloud.iam.v1 import iam_token_service_pb2

# What the vendor's SDKs sign, and where they send it.
_AUDIENCE = "https://iam.api.cloud.yandex.net/iam/v1/tokens"
_METHOD = "/yandex.cloud.iam.v1.IamTokenService/Create"
_VALID_SECONDS = 3600
_EXCHANGE_SECONDS = 15


def open_channel(options: Options, settings: list[tuple[str, Any]] | None = None) -> grpc.Channel:
    """Returns a connection to the server, over TLS if there is a --ca.

    Raises:
        OptionError: the file of --ca can't be read.
    """
    if options.ca is None:
        return grpc.insecure_channel(options.target, options=settings)
    try:
        trusted = Path(options.ca).read_bytes()
    except OSError as error:
        raise OptionError(f"--ca {options.ca}: can't be read: {error.strerror}") from error
    credentials = grpc.ssl_channel_credentials(trusted)
    return grpc.secure_channel(options.target, credentials, options=settings)


def check_credential(options: Options) -> None:
    """Reads the file of the credential, so that a run does not begin without.

    Raises:
        OptionError: it can't be read, or holds no credential.
    """
    if options.token_file is not None:
        _line("--token-file", Path(options.token_file))
    if options.key_file is not None:
        file = Path(options.key_file)
        if _signing_key(file) is None:
            _line("--key", file)


def authorization(options: Options) -> str | None:
    """Returns the `authorization` header of the run's caller; None without a credential.

    An API key is sent as it is. An authorised key, in JSON as the vendor's files have it, signs a
    JWT, which the server's IamTokenService exchanges for a token.

    Raises:
        OptionError: the file can't be read, or the server refuses the key.
    """
    if options.token_file is not None:
        return f"Bearer {_line('--token-file', Path(options.token_file))}"
    if options.key_file is None:
        return None
    file = Path(options.key_file)
    key = _signing_key(file)
    if key is None:
        return f"Api-Key {_line('--key', file)}"
    return f"Bearer {_exchanged(options, _signed(file, key))}"


def _line(option: str, file: Path) -> str:
    secret = _read(option, file).strip()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise OptionError(f"{option} {file}: must hold one line, the credential alone")
    return secret


def _read(option: str, file: Path) -> str:
    try:
        return file.read_text()
    except OSError as error:
        raise OptionError(f"{option} {file}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise OptionError(f"{option} {file}: must be a text file") from error


def _signing_key(file: Path) -> dict[str, str] | None:
    text = _read("--key", file).strip()
    if not text.startswith("{"):
        return None
    form = 'must have "id", "service_account_id" and "private_key"'
    try:
        key = json.loads(text)
    except ValueError as error:
        raise OptionError(f"--key {file}: is not JSON: {error}") from None
    if not all(isinstance(key.get(name), str) for name in ("id", "service_account_id")):
        raise OptionError(f"--key {file}: {form}")
    if not isinstance(key.get("private_key"), str):
        raise OptionError(f"--key {file}: {form}")
    return {name: str(value) for name, value in key.items()}


def _signed(file: Path, key: dict[str, str]) -> str:
    now = int(unix_seconds())
    claims = {
        "iss": key["service_account_id"],
        "aud": _AUDIENCE,
        "iat": now,
        "exp": now + _VALID_SECONDS,
    }
    # The vendor's files have a line of warning before the key.
    pem = key["private_key"][key["private_key"].find("-----BEGIN") :]
    try:
        return jwt.encode(claims, pem, "PS256", headers={"kid": key["id"]})
    except (jwt.PyJWTError, ValueError, TypeError):
        raise OptionError(f"--key {file}: its private_key must be an RSA key in PEM") from None


def _exchanged(options: Options, signed: str) -> str:
    request = iam_token_service_pb2.CreateIamTokenRequest(jwt=signed)
    with open_channel(options) as channel:
        create = channel.unary_unary(
            _METHOD,
            iam_token_service_pb2.CreateIamTokenRequest.SerializeToString,
            iam_token_service_pb2.CreateIamTokenResponse.FromString,
        )
        try:
            token: str = create(request, timeout=_EXCHANGE_SECONDS).iam_token
        except grpc.RpcError as error:
            why = f"{error.code().name}: {error.details()}"
            raise OptionError(
                f"--key {options.key_file}: IamTokenService.Create refused it: {why}"
            ) from error
    return token
