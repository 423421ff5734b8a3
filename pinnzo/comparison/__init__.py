"""Comparisons on equal terms: the same problem, network, points, seed and budget."""

from .result import TrainerComparison as TrainerComparison
from .result import TrainerRun as TrainerRun
from .result import TrainerSummary as TrainerSummary
from .trainers import compare_trainers as compare_trainers
