"""Figures of solutions and of training runs."""

from pinnzo.plotting.animation import animate_slices as animate_slices
from pinnzo.plotting.animation import frame_values as frame_values
from pinnzo.plotting.figure import SliceFigure as SliceFigure
from pinnzo.plotting.figure import plot_slices as plot_slices
from pinnzo.plotting.history import plot_history as plot_history
from pinnzo.plotting.look import Look as Look
