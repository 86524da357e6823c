"""Checks what the server says of its services by reflection."""
