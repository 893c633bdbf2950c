"""What everything stands on: errors, artifacts, model cards, colour science, backends, the `ctk` entry point."""

from toolkit.version import __version__

__all__ = ["__version__"]
