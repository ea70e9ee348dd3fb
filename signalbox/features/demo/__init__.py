"""A sample site whose phones call each other, so that a newcomer sees the board live; ``commands.run`` plays it."""
