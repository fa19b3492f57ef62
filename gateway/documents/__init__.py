"""Which document a request asks for: a text, one that was sent before, or one of the operator's trusted ones.

docs/documents.md has the ways of asking. Pure, but for reading the folder of trusted documents.
"""

from gateway.documents.asked import Documents, Found, Reason, Refused
from gateway.documents.folder import Folder, Mistake, Trusted, read_folder

__all__ = ["Documents", "Folder", "Found", "Mistake", "Reason", "Refused", "Trusted", "read_folder"]
