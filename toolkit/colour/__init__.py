"""Colour science: Lab, the gamut of sRGB, and the coefficients derived from it."""
