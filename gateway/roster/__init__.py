"""Reading: what is held of each source, how a need is answered with few requests, and many sources as one list."""
