"""Asterisk's manager interface: a codec without I/O, the link that keeps a connection, and the events we read."""
