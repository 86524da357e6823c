"""Reads the page from the package: its files, their media types, and a hash of them all.

`page/` is what a browser gets, file by file as it stands there; no step builds it.
"""
