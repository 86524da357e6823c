"""The process beside a test's process: it runs servers, and makes the test's calls."""
