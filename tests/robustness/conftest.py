"""Shows how the fuzzed inputs ended, and writes it down where that is asked for."""

from __future__ import annotations

import json
import os
from pathlib import Path

from fuzzing import ENDINGS, FAULTS


def pytest_terminal_summary(terminalreporter) -> None:
    if not ENDINGS:
        return
    total = {kind: dict(sorted(found.items())) for kind, found in sorted(ENDINGS.items())}
    terminalreporter.write_sep("-", "fuzzed inputs")
    for kind, found in total.items():
        terminalreporter.write_line(f"{kind}: " + ", ".join(f"{n:,} {ending}" for ending, n in found.items()))
    for place, example in sorted(FAULTS.items()):
        terminalreporter.write_line(f"{place}\n    {example}")
    if path := os.environ.get("PINNZO_FUZZ_REPORT"):
        Path(path).write_text(json.dumps(total, indent=2) + "\n", encoding="utf-8")
