"""Many OneRoster sources as one graph. Knows no wire spelling and, but for `sandbox`, no provider's name."""
