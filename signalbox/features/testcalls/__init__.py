"""Numbers to try a phone with: echo, speaking clock, own number."""
