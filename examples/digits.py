"""Handwritten digits without back-propagation
===========================================

The second task: a classifier. The 1,797 digits of scikit-learn, 8 × 8 pixels each, stand in for MNIST, which needs
files (``pinnzo mnist``) and a minute.
"""

import numpy as np

import pinnzo as pz
from pinnzo import tasks

data = tasks.load_digits()
print(f"{len(data.train)} images to train on, {len(data.validation)} to choose by, {len(data.test)} to test on")

# %%
# The network is a tensor train, the trainer forward-only Gauss–Newton steps: every parameter is perturbed, and what
# that does to the outputs of a batch of images gives a damped least-squares problem. The test images are looked at
# once, at the end.

classifier = tasks.train_classifier(data, budget=pz.Budget(steps=20), progress=False)
dense = tasks.dense_classifier(64, width=64, classes=10).parameter_count
print(f"{classifier.test_accuracy:.1%} of the test images, {classifier.parameter_count} parameters (dense: {dense})")

# %%
# Two baselines: the most frequent label, and the class whose mean image is nearest.

means = np.stack([data.train.images[data.train.labels == digit].mean(0) for digit in range(10)])
distances = ((data.test.images[:, None] - means) ** 2).sum((2, 3))
print(f"most frequent label: {np.bincount(data.test.labels).max() / len(data.test):.1%}")
print(f"nearest class mean: {(distances.argmin(1) == data.test.labels).mean():.1%}")

# %%
# How it learnt, and the digits that it takes for others.

classifier.plot_history().savefig("digits-history.png")
classifier.plot_mistakes(16).savefig("digits-mistakes.png")
