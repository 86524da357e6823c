"""Checks that executions are listed, shown, downloaded, cancelled, replayed and run on request."""
