"""`manage.py lock`: writes the locks anew from pyproject.toml.

Hashes and versions only: no index's address. One lock serves Linux and macOS,
x86-64 and arm64, Python 3.12 to 3.14.
"""

from __future__ import annotations

import subprocess
import sys

from portal.config.environment import CHECKOUT
from portal.core.services.refusal import StartRefused

OLDEST_PYTHON = "3.12"


def run(arguments: list[str]) -> int:
    """This will write both locks; `--upgrade` takes newer versions."""
    compile_lock = [
        *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"),
        *("--python-version", OLDEST_PYTHON, "--generate-hashes", "--no-header"),
        *("--no-emit-index-url", "--no-emit-find-links", "pyproject.toml"),
        *arguments,
    ]
    whole = [*compile_lock, "--group", "test", "--group", "dev"]
    whole += ["-c", "requirements.txt", "-o", "requirements-dev.txt"]
    for command in ([*compile_lock, "-o", "requirements.txt"], whole):
        if subprocess.run(command, cwd=CHECKOUT, check=False).returncode != 0:  # noqa: S603
            raise StartRefused("The lock could not be made; the lines above say why.")
    return 0
