"""Modes beside latency: throughput, arrivals on a clock, cold starts."""
