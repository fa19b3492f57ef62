"""One short file per provider. Each exports its dialects as module attributes; `adapters.registry` finds them."""
