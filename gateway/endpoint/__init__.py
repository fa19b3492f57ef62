"""The graph over HTTP: plain ASGI, since a framework's request and response cost more than a small answer does."""
