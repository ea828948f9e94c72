#!/usr/bin/env python3
"""The one command: `up`, `test`, `gate`, and every other command of the portal.

This file and portal/core/services/bootstrap.py run on any Python from 3.11 on,
with nothing installed: they find a newer Python when this one is too old, make
.venv, install what is locked, and hand over.
"""

from __future__ import annotations

import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent
OLDEST_PYTHON = (3, 11)


def main() -> int:
    """This will run the command that was asked for and return its exit code."""
    if sys.version_info < OLDEST_PYTHON:
        print(
            "Countersign starts with Python 3.11 or newer and this is "
            + sys.version.split()[0]
            + "; run it with a newer python3.",
            file=sys.stderr,
        )
        return 2
    sys.path.insert(0, str(CHECKOUT))
    from portal.core.services import bootstrap
    from portal.core.services.refusal import EXIT_CODE_REFUSED, StartRefused

    try:
        bootstrap.enter_environment(checkout=CHECKOUT, arguments=sys.argv)
        from portal.config.operate import run

        return run(sys.argv)
    except StartRefused as refusal:
        print(f"countersign: {refusal}", file=sys.stderr)
        return EXIT_CODE_REFUSED
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
