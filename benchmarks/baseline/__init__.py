"""Comparing with the past: stored baselines, gates, and the verdict of a whole document."""
