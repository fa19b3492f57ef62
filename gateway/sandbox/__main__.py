"""`python -m gateway.sandbox`: one sandbox server as its own process."""

import sys

from gateway.sandbox.run import main

if __name__ == "__main__":
    sys.exit(main())
