"""Records with invented people in place of real ones: the same shape, and the same invented values each time."""
