"""Errors about accounts, their keys and their roles."""

import grpc

from tocsin.wire.errors.error import ApiError, about, not_found, precondition


def account_not_found(account_id: str) -> ApiError:
    return about(
        not_found("ACCOUNT_NOT_FOUND", f"Account {account_id[:64]} not found"),
        accountId=account_id,
    )


def no_issuer() -> ApiError:
    return not_found(
        "NO_ISSUER",
        "This server issues no tokens for targets: start it with --access, and set issuer in "
        "[access]",
    )


def account_name_taken(name: str, folder_id: str) -> ApiError:
    return about(
        ApiError(
            grpc.StatusCode.ALREADY_EXISTS,
            "ACCOUNT_NAME_TAKEN",
            f"Account with name {name} already exists in folder {folder_id}",
        ),
        name=name,
        folderId=folder_id,
    )


def key_not_found(key_id: str) -> ApiError:
    return about(not_found("KEY_NOT_FOUND", f"Key {key_id[:64]} not found"), keyId=key_id)


def credential_not_found(credential_id: str) -> ApiError:
    return about(
        not_found("CREDENTIAL_NOT_FOUND", f"Credential {credential_id[:64]} not found"),
        credentialId=credential_id,
    )


def binding_not_found(resource: str, subject: str, role: str) -> ApiError:
    return about(
        not_found(
            "BINDING_NOT_FOUND",
            f"Subject {subject[:256]} does not have role {role[:64]} on {resource[:256]}",
        ),
        resource=resource,
        subject=subject,
        role=role,
    )


def configured(subject: str) -> ApiError:
    return about(
        precondition("CONFIGURED", f"{subject} comes from the settings; change it there"),
        subject=subject,
    )


def access_control_off() -> ApiError:
    return precondition(
        "ACCESS_CONTROL_OFF",
        "Access control is off, so there are no accounts; start the server with --access",
    )
