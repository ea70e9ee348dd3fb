"""The process for what may wait: the event log importer, the trace, retention."""
