"""Verbs that show: one file each, registered in `ctk.commands`."""
