"""Entry point of ``python -m contexta.contract``."""

import sys

from contexta.contract._command import main

if __name__ == "__main__":
    sys.exit(main())
