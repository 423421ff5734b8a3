"""Trainers compared: the same problem, network, points, seeds and budget for each."""

from .compare import compare_trainers as compare_trainers
from .result import TrainerComparison as TrainerComparison
from .result import TrainerRun as TrainerRun
from .result import TrainerSummary as TrainerSummary
