"""A PINN written by hand in PyTorch, without a library: the baseline of every package."""
