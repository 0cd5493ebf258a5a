"""`python -m threadlab`: the service from a shell."""

import sys

from threadlab.cli import main

if __name__ == "__main__":
    sys.exit(main())
