"""A migrated cluster that is kept between runs of the tests, so that only new code migrates.

It lies in the environment, by the fingerprint of what made it, and is only ever copied.
Without it everything is made anew: that is slower and comes to the same.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from portal.config.operate import services

KEPT_MAX = 8


def bring(cluster: Path) -> bool:
    """This will copy the kept cluster to where none is yet; False where none is kept."""
    kept = _place()
    try:
        shutil.copytree(kept, cluster)
        os.utime(kept)
    except OSError:
        shutil.rmtree(cluster, ignore_errors=True)
        return False
    return True


def keep(cluster: Path) -> None:
    """This will keep a migrated cluster whose server has ended, and drop old ones.

    An environment that cannot be written to keeps none.
    """
    kept = _place()
    with contextlib.suppress(OSError):
        kept.parent.mkdir(exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix="half-", dir=kept.parent))
        try:
            shutil.copytree(cluster, half, dirs_exist_ok=True)
            # Whoever was quicker kept the same.
            half.rename(kept)
        finally:
            shutil.rmtree(half, ignore_errors=True)
        known = [each for each in kept.parent.iterdir() if "-" not in each.name]
        known.sort(key=lambda each: each.stat().st_mtime, reverse=True)
        for old in known[KEPT_MAX:]:
            shutil.rmtree(old, ignore_errors=True)


def _place() -> Path:
    return Path(sys.prefix) / "migrated" / services.migrations_fingerprint()
