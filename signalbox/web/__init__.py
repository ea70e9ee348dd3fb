"""The web process: application, sign-in, roles, errors, WebSocket, static console."""
