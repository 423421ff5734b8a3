"""Solutions of the bundled problems by other methods, where no formula is known.

Each is a function of points (N, D) that returns the values (N,), made for one choice of the problem's settings.
"""
