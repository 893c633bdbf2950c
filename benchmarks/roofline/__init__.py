"""Whether a latency is possible at all: FLOPs and bytes of a network against what its device can do."""
