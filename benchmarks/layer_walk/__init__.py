"""Where a backend departs from the reference: layer by layer, weight by weight, and as small as it gets."""
