"""The networks of `limbeck-gpu-bench` in PyTorch, eager and compiled, float32, on the CUDA device.

Prints lines `torch.NAME.samples VALUE` and `torch.NAME.compiled VALUE` (samples per second of steps of Adam), and on stderr what
it runs on. Without CUDA it prints nothing and says so.
"""

import argparse
import sys
import time

try:
    import torch
except ImportError:
    sys.exit("eager.py: PyTorch is not installed")


class Sine(torch.nn.Linear):
    def __init__(self, inputs, outputs, omega):
        super().__init__(inputs, outputs)
        self.omega = omega

    def forward(self, x):
        return torch.sin(self.omega * super().forward(x))


class Block(torch.nn.Module):
    """4m -> m -> m -> 4m, 0.5 (x + f(x)): KD-INR, Table I."""

    def __init__(self, m, omega):
        super().__init__()
        self.inner = torch.nn.Sequential(Sine(4 * m, m, omega), Sine(m, m, omega), Sine(m, 4 * m, omega))

    def forward(self, x):
        return 0.5 * (x + self.inner(x))


def kdinr(m, d, omega=30.0):
    encoder = [Sine(3, m, omega), Sine(m, 2 * m, omega), Sine(2 * m, 4 * m, omega)]
    return torch.nn.Sequential(*encoder, *[Block(m, omega) for _ in range(d)], torch.nn.Linear(4 * m, 1))


def siren(width, depth):
    layers = [Sine(3, width, 1.0)] + [Sine(width, width, 1.0) for _ in range(depth)]
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, 1))


def speed(network, batch, seconds):
    """Samples per second; coordinates and values stand on the device."""
    device = torch.device("cuda")
    coordinates = torch.rand(batch, 3, device=device) * 2 - 1
    values = torch.rand(batch, 1, device=device)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4)

    def step():
        optimiser.zero_grad(set_to_none=True)
        torch.nn.functional.mse_loss(network(coordinates), values).backward()
        optimiser.step()

    for _ in range(5):
        step()
    torch.cuda.synchronize()
    begun, steps = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        for _ in range(8):
            step()
        torch.cuda.synchronize()
        steps += 8
    return steps * batch / (time.perf_counter() - begun)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=32768)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--no-compile", action="store_true", help="eager only")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("eager.py: PyTorch finds no CUDA device")
    print(f"PyTorch {torch.__version__} on {torch.cuda.get_device_name()}", file=sys.stderr)
    shapes = {f"m{m}_d{d}": (lambda m=m, d=d: kdinr(m, d)) for m, d in [(16, 6), (32, 8), (64, 8)]}
    shapes |= {f"siren{w}x4": (lambda w=w: siren(w, 4)) for w in (32, 64, 112)}
    for name, make in shapes.items():
        network = make().to("cuda")
        print(f"torch.{name}.samples {speed(network, arguments.batch, arguments.seconds):.6e}", flush=True)
        if not arguments.no_compile:
            try:
                compiled = torch.compile(make().to("cuda"))
                print(f"torch.{name}.compiled {speed(compiled, arguments.batch, arguments.seconds):.6e}", flush=True)
            except Exception as error:  # what the compiler lacks is its own matter
                print(f"torch.compile of {name}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
