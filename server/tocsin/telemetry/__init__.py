"""Watching it run: the instruments, and how their readings get out.

What is watched knows nothing of this room. It tells an observer that it was given
(`engine.observer`, `store.database`, `api.calls`), and the composition root gives it one of these.
"""
