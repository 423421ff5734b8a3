"""One solution that many tests look at, and none changes."""

from __future__ import annotations

import pytest
from running import quick

import pinnzo as pz


@pytest.fixture(scope="session")
def solution() -> pz.Solution:
    return quick()
