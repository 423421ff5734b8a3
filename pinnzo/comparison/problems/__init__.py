"""Problems compared: the default settings and the same budget for each."""

from .result import Benchmark as Benchmark
from .result import BenchmarkRow as BenchmarkRow
from .run import benchmark as benchmark
