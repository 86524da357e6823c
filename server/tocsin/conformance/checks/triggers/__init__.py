"""Checks TriggerService: its methods, its errors, and each rule of its fields."""
