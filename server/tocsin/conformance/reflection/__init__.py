"""Asks a server for its descriptors and compares them with those of the contracts."""
