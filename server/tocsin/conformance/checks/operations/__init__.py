"""Checks OperationService, and the operations that changes of triggers return."""
