"""Checks that callers without a credential or a right are refused."""
