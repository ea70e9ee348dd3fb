"""Signalbox: a self-hosted communications exchange on Asterisk."""

__version__ = "0.1.0"
