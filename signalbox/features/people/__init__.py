"""People who sign in and machines that carry tokens: users, passwords, sessions, lock-out."""
