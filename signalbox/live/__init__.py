"""The board: a fold of AMI events into lines and calls, with snapshots and numbered deltas."""
