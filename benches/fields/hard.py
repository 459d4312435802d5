#!/usr/bin/env python3
"""Series that are hard for a network, each for another reason, as .npy files for ci/bench and limbeck bench.

    benches/fields/hard.py FOLDER [EDGE] [STEPS]

    noise.npy      independent normal numbers: nothing to be learned
    spectrum.npy   Gaussian noise with a spectrum of k^-5/3 (of a component of turbulent velocity), each step drawn anew
    front.npy      a spherical shock that runs outwards: a jump within one cell, smooth on both sides
    interface.npy  a sharp interface (0 and 1) that is wrinkled at all scales, advected
    spikes.npy     one cell in a thousand is 1, the others 0, at other places at every step
    waves.npy      one plane wave of 12 cells, advected
    smooth.npy     three Gaussian blobs that drift: for comparison, an easy one

Needs numpy. float32, axes t, z, y, x, periodic; the same numbers at every call.
"""

import sys
from pathlib import Path

import numpy as np


def wave_numbers(edge):
    k = np.fft.fftfreq(edge, 1.0 / edge)
    kz, ky, kx = np.meshgrid(k, k, np.fft.rfftfreq(edge, 1.0 / edge), indexing="ij")
    return np.sqrt(kx**2 + ky**2 + kz**2)


def coloured(rng, k, exponent):
    """Gaussian noise whose energy per wave number falls with this exponent."""
    edge = k.shape[0]
    hat = np.fft.rfftn(rng.standard_normal((edge,) * 3))
    hat *= np.where(k > 0, np.maximum(k, 1.0) ** ((exponent - 2.0) / 2.0), 0.0)
    return np.fft.irfftn(hat, s=(edge,) * 3, axes=(0, 1, 2))


def fields(edge, steps):
    rng = np.random.default_rng(1)
    k = wave_numbers(edge)
    x = np.arange(edge) / edge
    z, y, x = np.meshgrid(x, x, x, indexing="ij")
    wrinkles = coloured(rng, k, -5.0 / 3.0)
    wrinkles *= 0.1 / np.abs(wrinkles).max()
    for step in range(steps):
        t = step / steps
        r = np.sqrt((z - 0.5) ** 2 + (y - 0.45) ** 2 + (x - 0.55) ** 2)
        front = 0.1 + 0.35 * t
        blob = lambda cz, cy, cx: np.exp(-40.0 * ((z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2))
        yield {
            "noise": rng.standard_normal((edge,) * 3),
            "spectrum": coloured(rng, k, -5.0 / 3.0),
            "front": np.where(r < front, 1.0 + 3.0 * (r / front) ** 3, 1.0),
            "interface": (z + np.roll(wrinkles, int(edge * t), axis=2) > 0.5).astype(float),
            "spikes": (rng.random((edge,) * 3) < 1e-3).astype(float),
            "waves": np.sin(2 * np.pi * edge / 12.0 * (0.6 * x + 0.5 * y + 0.62 * z - 0.5 * t)),
            "smooth": blob(0.3 + 0.3 * t, 0.5, 0.4) + blob(0.6, 0.3 + 0.2 * t, 0.6) + blob(0.5, 0.7, 0.3 + 0.4 * t),
        }


def main():
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    edge, steps = (int(sys.argv[i]) if len(sys.argv) > i else n for i, n in ((2, 48), (3, 10)))
    folder.mkdir(parents=True, exist_ok=True)
    series = {}
    for step in fields(edge, steps):
        for name, values in step.items():
            series.setdefault(name, []).append(values.astype(np.float32))
    for name, values in series.items():
        np.save(folder / f"{name}.npy", np.stack(values))
        print(folder / f"{name}.npy", (steps, edge, edge, edge))


if __name__ == "__main__":
    main()
