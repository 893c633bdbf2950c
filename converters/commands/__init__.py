"""Verbs about conversions and their files: one file each, registered in `ctk.commands`."""
