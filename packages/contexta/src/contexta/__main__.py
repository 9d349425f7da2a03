"""``python -m contexta`` is the command line."""

from contexta.cli import main

if __name__ == "__main__":
    main()
