"""What `manage.py` does around Django: services, `up`, `test`, `gate`, `lock`.

Read in this order: services (PostgreSQL and Valkey for one command), up, suite,
gate. Nothing here imports Django before the services it needs are there.
"""

from __future__ import annotations

import importlib
import os

# Our own commands: a module with run(arguments) -> exit code, and one sentence.
COMMANDS = {
    "up": ("up", "Start everything and say where it is."),
    "test": ("suite", "Run the tests on services of their own."),
    "gate": ("gate", "Run everything that CI runs, except the tests."),
    "lock": ("lock", "Write the locked requirements anew from pyproject.toml."),
}


def run(arguments: list[str]) -> int:
    """This will run one command of `manage.py`. Raises StartRefused."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")
    name = arguments[1] if len(arguments) > 1 else "help"
    if name in COMMANDS:
        module_name, _ = COMMANDS[name]
        module = importlib.import_module(f"portal.config.operate.{module_name}")
        return int(module.run(arguments[2:]))
    if name in {"help", "--help", "-h"} and len(arguments) <= 2:
        for command, (_, sentence) in COMMANDS.items():
            print(f"  {command:6} {sentence}")
    from portal.config.operate import services

    return services.run_django_command(arguments)
