"""Slices: values of a solution on a line or a plane through its domain."""

from pinnzo.slices.diagonal import Diagonal as Diagonal
from pinnzo.slices.places import Axis as Axis
from pinnzo.slices.places import several_values as several_values
from pinnzo.slices.slice import Slice as Slice
from pinnzo.slices.slice import make_slice as make_slice
