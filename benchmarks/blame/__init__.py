"""Whose fault a difference is: parts are swapped between two sides, and each gets its share of the error."""
