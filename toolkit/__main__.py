"""`python -m toolkit` and the console script `ctk`."""

import sys

from toolkit.app import main as run


def main() -> None:
    """Runs `ctk` and ends the process with its exit status."""
    sys.exit(run())


if __name__ == "__main__":
    main()
