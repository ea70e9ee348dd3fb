"""The process that owns AMI and AGI: composition of engine, calls, live and the features' commands."""
