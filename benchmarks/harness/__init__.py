"""Measuring: stages of one iteration, and what their samples say."""
