"""Asks a server how it stands, and who it takes the caller for."""
