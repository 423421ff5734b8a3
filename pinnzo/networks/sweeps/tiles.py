"""The size of a sweep's operations."""

CHUNK_ELEMENTS = 2**19
"""Numbers that one vectorised operation works on: a megabyte in double precision, about the second-level cache."""
