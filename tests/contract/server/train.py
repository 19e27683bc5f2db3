"""Train a small model and write it where the first argument says, in the format of the blueprint."""

import sys

import numpy as np
import skops.io
from sklearn.linear_model import LogisticRegression

generator = np.random.default_rng(1)
rows = generator.normal(size=(500, 24))
skops.io.dump(LogisticRegression().fit(rows, rows[:, 0] > 0), sys.argv[1])
