"""Shows a real server at work: a timer ticks, an integration runs (`tocsin demo`)."""
