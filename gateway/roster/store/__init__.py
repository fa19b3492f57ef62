"""Tables on disk: encrypted, one file per source and collection, there again after a restart. `docs/decisions/0009`."""

from gateway.roster.store.files import Files
from gateway.roster.store.snapshot import Snapshot, Summary
from gateway.roster.store.store import NoStore, Store, open_store

__all__ = ["Files", "NoStore", "Snapshot", "Store", "Summary", "open_store"]
