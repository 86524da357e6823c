"""Holds the checks: a folder for each profile, a module for each subject."""
