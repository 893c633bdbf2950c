"""Programs for the maintainers of this repository; not installed."""
