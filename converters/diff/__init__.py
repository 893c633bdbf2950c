"""What `ctk diff` does: two models read into one comparable form, and compared."""
