"""`python -m toolkit` and the console script `ctk`."""

import sys

from toolkit.app import main as run
from toolkit.termination import ignore_termination, interrupt_on_termination


def main() -> None:
    """Runs `ctk` and ends the process with its exit status."""
    interrupt_on_termination()
    try:
        status = run()
    finally:
        ignore_termination()
    sys.exit(status)


if __name__ == "__main__":
    main()
