"""Trainers of classifiers compared with the same time for each, for the tensor-train and the dense network."""

from .compare import compare_classifiers as compare_classifiers
from .result import ClassifierComparison as ClassifierComparison
from .result import ClassifierRun as ClassifierRun
