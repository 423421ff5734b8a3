"""PINA (pina-mathlab) on the problems of the comparison."""
