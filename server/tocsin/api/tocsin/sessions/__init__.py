"""Signs people in on the page, and out again."""
