"""RSA keys in the forms in which they are kept and handed out."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)

BITS = 2048


def new_private_key() -> RSAPrivateKey:
    """Makes a key. It takes a tenth of a second and more, so not on the event loop."""
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
    """Reads a public key.

    Raises:
        ValueError: it is no RSA key in PEM (SubjectPublicKeyInfo).
    """
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except Exception as error:  # the library raises several kinds for what is malformed
        raise ValueError("is no public key in PEM") from error
    if not isinstance(key, RSAPublicKey):
        raise ValueError("is no RSA key")
    return key


def load_own_private(pem: str) -> RSAPrivateKey:
    """Reads a private key that was made here: checking its primes takes longer than signing."""
    key = serialization.load_pem_private_key(
        pem.encode(), None, unsafe_skip_rsa_key_validation=True
    )
    assert isinstance(key, RSAPrivateKey)
    return key
