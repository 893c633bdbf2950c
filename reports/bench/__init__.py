"""The document of `ctk bench` as text and CSV; every rendering is made from the document alone."""
