"""Builds the parts of the server, one in each module; `app.py` is the table of contents."""
