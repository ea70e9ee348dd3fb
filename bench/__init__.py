"""The measurement kit: every figure that the documentation claims, measured again with one command."""
