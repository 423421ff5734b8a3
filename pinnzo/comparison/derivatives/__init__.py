"""Derivative estimators compared: what each of them costs, and how far the terms of an equation are off."""

from .compare import compare_derivatives as compare_derivatives
from .result import ComparedFunction as ComparedFunction
from .result import DerivativeComparison as DerivativeComparison
from .result import DerivativeErrors as DerivativeErrors
from .result import DerivativeResult as DerivativeResult
