"""Verbs that measure, one file each; none yet."""
