"""Puts the parts together: each module one of them, and `app.py` the table of contents."""
