"""Statistics of measurements and of their comparison (benchmark_method.md §2 to §6): pure functions on arrays."""
