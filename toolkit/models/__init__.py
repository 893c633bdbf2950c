"""Model cards, fetching of released files, and the definition of the synthetic ones."""
