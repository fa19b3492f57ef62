"""`python -m gateway` is `oneroster-gateway`."""

from gateway.cli import main

main()
