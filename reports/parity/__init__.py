"""`ctk parity`: from its words to the document, and the document as text."""
