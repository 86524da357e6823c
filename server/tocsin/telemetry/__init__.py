"""Measures the running server, and exports metrics and traces.

The rooms that are measured don't know this one. They call observers (`engine.observer`,
`store.driver.database`, `wire.calls`); the composition root passes them ours.
"""
