"""Where and with what a result was obtained."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def machine() -> dict[str, Any]:
    """The processor, the cores that may be used, and the system."""
    return {
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.release()}",
    }


def commit() -> str | None:
    """The commit of this checkout, with a plus sign where code differs from it; None outside of a checkout."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        # Results themselves, and the pages made of them, are no part of what is measured.
        changed = _git("status", "--porcelain", "--", "pinnzo", "problems", "benchmarks/*.py", "benchmarks/*/*.py")
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + "+" * bool(changed)


def versions(*packages: str) -> dict[str, str]:
    """Of Python and of installed packages."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in packages}}


def now() -> str:
    """The time, in UTC."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()
