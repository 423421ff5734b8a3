"""How costs grow."""

from benchmarks.cases import Case


def cases() -> list[Case]:
    """None yet."""
    return []
