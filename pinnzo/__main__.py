"""``python -m pinnzo`` is the same program as ``pinnzo``."""

from pinnzo.cli import main

if __name__ == "__main__":
    main()
