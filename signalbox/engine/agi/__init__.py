"""FastAGI: a codec without I/O and the server on which call scripts run."""
