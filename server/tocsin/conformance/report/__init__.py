"""Tells what a run has found: on the terminal, and in files."""
