"""x"""

from benchmarks.cases import Case


def cases() -> list[Case]:
    return []
