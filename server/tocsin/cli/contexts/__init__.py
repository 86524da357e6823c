"""Remembers servers by name, and completes names on the command line."""
