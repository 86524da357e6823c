"""Checks that triggers and schedules call their targets."""
