"""The version of ctk, as it is written into every artifact."""

__version__ = "0.1.0"
