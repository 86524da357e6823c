"""Reads what a run declares of its server: features that it lacks, checks that it fails."""
