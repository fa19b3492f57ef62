"""One OneRoster source: how to ask it, what it answers, what can go wrong. Knows no GraphQL."""
