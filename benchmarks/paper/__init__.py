"""The grid of the paper and of its successors: derivatives × networks × training."""
