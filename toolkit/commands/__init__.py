"""One file per verb; each registers in the entry point group `ctk.commands`."""
