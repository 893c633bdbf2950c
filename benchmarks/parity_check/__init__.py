"""Agreement of outputs with a reference, under a printed rule."""
