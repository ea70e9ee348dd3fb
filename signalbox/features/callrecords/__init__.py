"""Call records: one row per call and its legs, folded from the durable event log; and the ladder of a call."""
