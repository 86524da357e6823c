"""Defines the tables of access control.

`configured` rows come from the settings, and only these change them.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from tocsin.store.driver.metadata import ASCII, metadata, partial_index

accounts = Table(
    "access_accounts",
    metadata,
    Column("id", ASCII, primary_key=True),
    # `serviceAccount` or `userAccount`, as in subjects.
    Column("kind", ASCII, nullable=False),
    Column("folder_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # Tokens issued before this instant are revoked.
    Column("tokens_from", BigInteger, nullable=False),
    Column("configured", Integer, nullable=False),
)
partial_index(
    "access_accounts_by_name",
    accounts.c.kind,
    accounts.c.folder_id,
    accounts.c.name,
    unique=True,
    where=accounts.c.name != "",
)

# The public keys with which service accounts ask for tokens.
keys = Table(
    "access_keys",
    metadata,
    Column("id", ASCII, primary_key=True),
    Column("account_id", ASCII, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("configured", Integer, nullable=False),
    Index("access_keys_of_account", "account_id", "id"),
)

# API keys and OAuth tokens. `digest` is the SHA-256 digest of the secret, which is long and random.
credentials = Table(
    "access_credentials",
    metadata,
    Column("id", ASCII, primary_key=True),
    Column("kind", ASCII, nullable=False),
    Column("account_id", ASCII, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("description", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Index("access_credentials_of_account", "account_id", "kind", "id"),
)
partial_index(
    "access_credentials_by_expiry",
    credentials.c.expires_at,
    where=credentials.c.expires_at.is_not(None),
)

bindings = Table(
    "access_bindings",
    metadata,
    # `folders/ID`, `projects/ID`, or `*`: everything.
    Column("resource", ASCII, primary_key=True),
    Column("subject", ASCII, primary_key=True),
    Column("role", ASCII, primary_key=True),
    Column("configured", Integer, nullable=False),
    Index("access_bindings_of_subject", "subject"),
)

# Revoked tokens, kept until they would have expired.
revoked_tokens = Table(
    "access_revoked_tokens",
    metadata,
    Column("id", ASCII, primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
    Index("access_revoked_tokens_by_expiry", "expires_at"),
)

# JWTs that were exchanged for a token, kept until they expire: each is exchanged only once.
used_assertions = Table(
    "access_used_assertions",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("used_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("access_used_assertions_by_expiry", "expires_at"),
)

# Sessions of the page. `digest` is that of the cookie, which is long and random; `proof` names the
# credential that began it; `origin` is that of the page.
sessions = Table(
    "access_sessions",
    metadata,
    Column("id", ASCII, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("subject", ASCII, nullable=False),
    Column("name", Text, nullable=False),
    Column("proof", ASCII, nullable=False),
    Column("origin", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("access_sessions_of_subject", "subject", "created_at", "id"),
    Index("access_sessions_by_expiry", "expires_at"),
)

# A node that does not know encrypted keys would take them for keys, so it must not use a database
# that has one.
SEALED_KEYS_KNOWN_SINCE = "0034"

# The keys that sign tokens, numbered in the order of their creation. Keys that no longer sign have
# no private key.
signing_keys = Table(
    "access_signing_keys",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", ASCII, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("private_key", Text),
    Column("signs_from", BigInteger, nullable=False),
    # The name of the key that encrypts the private key. Empty: it is in plain text.
    Column("sealed_by", ASCII),
)

# One row, whose number grows when a right is taken away: nodes then load rights again.
generation = Table(
    "access_generation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)
