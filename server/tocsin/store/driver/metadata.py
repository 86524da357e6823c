"""What all tables have in common."""

from sqlalchemy import MetaData, Text

metadata = MetaData()

# Ids are compared as bytes, whatever language the server sorts by; pages go by their order.
ASCII = Text().with_variant(Text(collation="C"), "postgresql")
