"""What the gateway costs: its districts, its clients, this machine. `python -m bench`; docs/performance.md."""
