"""The web process: application, sign-in, roles, errors, WebSocket, static console.

Features build their routes on the frame modules here (``errors``, ``paging``, ``etag``, ``fields``, ``access``), which
import no feature; only ``application`` and ``process`` know the features.
"""
