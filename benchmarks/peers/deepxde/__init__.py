"""DeepXDE, with PyTorch under it."""

import os

os.environ["DDE_BACKEND"] = "pytorch"  # read when deepxde is imported
