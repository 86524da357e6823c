"""Finds the validation rules of a request in its descriptor, and values on both sides of each."""
