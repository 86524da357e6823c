"""Tells in the log what a start does, and what it comes to."""
