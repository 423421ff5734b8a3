"""Other packages on the same problems: each solves them in an environment of its own, on one thread.

The programs of this package import the peer, NumPy, ``benchmarks.meter`` and each other, never pinnzo.
"""
