"""Checks REST: paths, queries, bodies, JSON, and errors."""
