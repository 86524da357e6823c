"""Makes RSA keys and converts them to and from PEM."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)

BITS = 2048


def new_private_key() -> RSAPrivateKey:
    """Makes a key; that takes 0.1 s and more, so don't call it on the event loop."""
    return generate_private_key(public_exponent=65537, key_size=BITS)


def public_pem(key: RSAPublicKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


def private_pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def load_public(pem: str) -> RSAPublicKey:
    """Parses a public key.

    Raises:
        ValueError: the text is not an RSA key in PEM (SubjectPublicKeyInfo).
    """
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except Exception as error:  # the library raises several types for a malformed key
        raise ValueError("must be a public key in PEM") from error
    if not isinstance(key, RSAPublicKey):
        raise ValueError("must be an RSA key")
    return key


def load_own_private(pem: str) -> RSAPrivateKey:
    """Parses a private key that this server made, without the slow check of its primes."""
    key = serialization.load_pem_private_key(
        pem.encode(), None, unsafe_skip_rsa_key_validation=True
    )
    assert isinstance(key, RSAPrivateKey)
    return key
