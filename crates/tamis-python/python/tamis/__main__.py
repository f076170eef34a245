"""The program ``tamis``: the same as the one that is built without Python."""

import signal
import sys

from tamis import _tamis


def main() -> None:
    """Run the command line of this process, and exit with its code."""
    # The program listens for Ctrl-C itself: it saves, and stops.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    raise SystemExit(_tamis.main(["tamis", *sys.argv[1:]], sys.executable))


if __name__ == "__main__":
    main()
