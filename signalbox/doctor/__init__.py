"""``signalbox doctor``: look at the machine, the data directory and what runs, and say what is well and what is not.

It changes nothing, and needs nothing of what it looks at to work.
"""
