"""Checks whether a server keeps the contracts: `tocsin conformance`.

Nothing here knows Tocsin's own server. What a contract says is read from its descriptors.
"""
