"""How time, memory and evaluations grow with the dimension, the points and the size of the network."""

from benchmarks.growth.sizes import cases as cases
