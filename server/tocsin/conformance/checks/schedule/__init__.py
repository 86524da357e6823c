"""Checks ScheduleIntegrations and the operations of what was scheduled."""
