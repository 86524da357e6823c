"""Tocsin: a trigger and schedule service."""
