#!/usr/bin/env python3
"""The Taylor-Green vortex, mirror-symmetric and then turbulent: magnitude of the vorticity as an .npy series for ci/bench.

    benches/fields/taylor_green.py OUT.npy [EDGE] [STEPS] [REYNOLDS]

Pseudo-spectral (Orszag 1971), dealiased by the 2/3 rule, third-order Runge-Kutta after Shu and Osher, period 2 pi, from
G. I. Taylor and A. E. Green's initial velocity (1937); snapshots at equal times up to t = 10. Needs numpy. float32, axes t, z, y, x.
"""

import sys

import numpy as np


def series(edge, steps, reynolds, end=10.0):
    k = np.fft.fftfreq(edge, 1.0 / edge)
    kz, ky, kx = np.meshgrid(k, k, np.fft.rfftfreq(edge, 1.0 / edge), indexing="ij")
    wave = np.stack([kx, ky, kz])
    square = (wave**2).sum(0)
    inverse = np.where(square > 0, 1.0 / np.maximum(square, 1.0), 0.0)
    keep = (np.abs(wave) < edge / 3.0).all(0)

    def physical(hat):
        return np.fft.irfftn(hat, s=(edge,) * 3, axes=(1, 2, 3))

    def vorticity(u):
        return physical(1j * np.cross(wave, u, axis=0))

    def rate(u):
        force = np.fft.rfftn(np.cross(physical(u), vorticity(u), axis=0), axes=(1, 2, 3)) * keep
        pressure = (wave * force).sum(0) * inverse
        return force - wave * pressure - square / reynolds * u

    x = np.arange(edge) * 2 * np.pi / edge
    z, y, x = np.meshgrid(x, x, x, indexing="ij")
    start = np.stack([np.sin(x) * np.cos(y) * np.cos(z), -np.cos(x) * np.sin(y) * np.cos(z), np.zeros_like(x)])
    u = np.fft.rfftn(start, axes=(1, 2, 3))
    substeps = int(np.ceil(end / (steps - 1) / (0.5 * 2 * np.pi / edge)))
    dt = end / (steps - 1) / substeps
    for step in range(steps):
        yield np.sqrt((vorticity(u) ** 2).sum(0)).astype(np.float32)
        for _ in range(substeps if step + 1 < steps else 0):
            a = u + dt * rate(u)
            b = 0.75 * u + 0.25 * (a + dt * rate(a))
            u = u / 3 + 2 / 3 * (b + dt * rate(b))


def main():
    out = sys.argv[1]
    edge, steps, reynolds = (int(text) for text in (sys.argv[2:] + ["64", "11", "800"][len(sys.argv) - 2 :]))
    np.save(out, np.stack(list(series(edge, steps, reynolds))))


if __name__ == "__main__":
    main()
