"""`tocsin demo`: a real server, a timer that ticks and an integration that runs, to be watched."""
