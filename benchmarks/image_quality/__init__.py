"""What a person would see: a coloured picture against the reference's, figure by figure and as pictures."""
