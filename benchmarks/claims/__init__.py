"""Figures that others published, as data: who says what of which device, and whether it is possible."""
