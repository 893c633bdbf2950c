"""Typed documents turned into tables, JSON and pages."""
