"""Fields to compress, and options that make short work of them."""

import numpy as np

# Little training: what is tested is not how good the networks are.
QUICK = {"teacher_samples": 20000, "teacher_batch": 256, "student_samples": 40000, "student_batch": 256}


def field(shape, phase=0.0, dtype=np.float32):
    """A smooth field over (t, z, y, x)."""
    t, *place = np.meshgrid(*(np.linspace(0, 1, n) for n in shape), indexing="ij")
    waves = sum(np.sin((3 + i) * x + 2 * t + phase) for i, x in enumerate(place))
    return (waves + t).astype(dtype)
