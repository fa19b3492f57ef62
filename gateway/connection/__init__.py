"""One client's connection: what it may take its time for, and how it is sent what is ready."""

from gateway.connection.timed import Patience, protocol

__all__ = ["Patience", "protocol"]
