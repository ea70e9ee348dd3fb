"""Plumbing that knows nothing of telephony: ids, clock, tasks, the local link, secrets, processes."""
