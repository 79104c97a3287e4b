"""The console script, and `python -m gradcalc`."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # The process is one-shot and its graphs have no cycles worth finding: walking millions of live
    # objects again and again, as the collector would, took a third of the time of a large graph.
    gc.disable()
    try:
        from gradcalc.commands import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    gc.freeze()  # nor does the collector's last walk at exit find anything: it took 10 ms, with SymPy 70
    sys.exit(code)


if __name__ == "__main__":
    main()
