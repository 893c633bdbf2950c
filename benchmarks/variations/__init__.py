"""Many arms from one line (a sweep) or one file (a matrix)."""
