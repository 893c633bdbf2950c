"""Stage timing, statistics and parity."""
