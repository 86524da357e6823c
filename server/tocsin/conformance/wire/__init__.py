"""Keeps requests and answers as they went over the wire, without secrets."""
