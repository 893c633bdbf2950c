"""What `ctk inspect` tells of a network: one file per source format, and the document they all fill."""
