#!/usr/bin/env python3
"""A second decoder of limbeck's bounded blocks (step kinds 3 and 4), written from docs/format.md alone.

Needs Python 3.9 and nothing else, and time. Decodes a payload whose base is nothing, or another decoder whose values
(without its refinement) are in a file, to binary64 numbers; masks are left to others. `--check` decodes the golden
files and compares them bit for bit.
"""

import argparse
import itertools
import math
import pathlib
import struct
import sys

ESCAPE = 30
WEIGHTS = (1, 0.70703125, 0.5, 0.353515625, 0.25, 0.1767578125, 0.125, 0.08837890625)
STEPS = ((1, 1), (1.25, 2), (1.5, 3), (2, 4))
REFINEMENT = 0.24951171875


class Damaged(Exception):
    pass


def need(condition, text):
    if not condition:
        raise Damaged(text)


def to_single(value):
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


class ElementType:
    def __init__(self, name):
        self.bits = {"f32": 32, "f64": 64}[name]
        self.typed = to_single if self.bits == 32 else float

    def of_bits(self, pattern):
        return struct.unpack("<f" if self.bits == 32 else "<d", pattern.to_bytes(self.bits // 8, "little"))[0]


class RangeDecoder:
    def __init__(self, data):
        self.data, self.at = data, 4
        self.code, self.range = int.from_bytes(data[:4].ljust(4, b"\0"), "big"), 2**32 - 1
        self.models = {}

    def split(self, split):
        bit = self.code >= split
        if bit:
            self.code -= split
            self.range -= split
        else:
            self.range = split
        while self.range < 1 << 24:
            byte = self.data[self.at] if self.at < len(self.data) else 0
            self.range, self.code, self.at = self.range << 8, (self.code << 8 | byte) & 0xFFFFFFFF, self.at + 1
        return int(bit)

    def modelled(self, *context):
        model = self.models.setdefault(context, [1 << 27, 0])
        z, c = model
        bit = self.split((self.range >> 16) * min(max(z >> 12, 3), 65533))
        z += -(z // (c + 2)) if bit else ((1 << 28) - z) // (c + 2)
        model[:] = z, min(c + 1, 400)
        return bit

    def raw(self, bits):
        value = 0
        for _ in range(bits):
            value = value << 1 | self.split(self.range >> 1)
        return value

    def tree(self, bits, *context):
        node = 1
        for _ in range(bits):
            node = node << 1 | self.modelled(*context, node)
        return node - (1 << bits)

    def integer(self, group, energy):
        """The integer of a point; None is an escape."""
        if not self.modelled("zero", group, energy):
            return 0
        k = 0
        while k < ESCAPE and self.modelled("unary", energy, k):
            k += 1
        if k == ESCAPE:
            return None
        negative, modelled = self.raw(1), min(k, 2)
        high = 1 << modelled | self.tree(modelled, "bits", k)
        magnitude = high << k - modelled | self.raw(k - modelled)
        return -magnitude if negative else magnitude


class Payload:
    def __init__(self, data):
        need(len(data) >= 11, "a payload that ends in its header")
        version, self.base, flags, self.bound = struct.unpack_from("<BBBd", data)
        need(version == 1 and flags < 2 and self.base < 3, "a newer bounded block")
        need(self.base != 2, "a network as the base is not read here")
        need(0 < self.bound < math.inf, "not a bound")
        self.stream, self.refinement = data[11:], None
        if flags:
            need(len(data) >= 15, "a payload that ends in its header")
            end = 15 + struct.unpack_from("<I", data, 11)[0]
            need(end <= len(data), "a stream beyond the end of its payload")
            self.stream, self.refinement = data[15:end], data[end:]
        need(len(self.stream) >= 13 and self.stream[0] < 4, "no such steps")
        need(all(guide < 16 for guide in self.stream[1:13]), "no such guide")


class Lattice:
    """The grid points, the values that are known of them and how those tell more."""

    def __init__(self, payload, shape, element, base):
        self.bound, self.element = payload.bound, element
        self.count = (1,) * (3 - len(shape)) + tuple(shape)
        self.strides = (self.count[1] * self.count[2], self.count[2], 1)
        size = math.prod(self.count)
        need(len(base) == size, "a base of another size")
        self.base = [b if math.isfinite(b) else 0.0 for b in base]
        self.values, self.d, self.sizes = [0.0] * size, [0.0] * size, [0] * size
        self.growth, self.most = STEPS[payload.stream[0]]
        self.guides = [payload.stream[1 + 3 * l:4 + 3 * l] for l in range(4)]
        self.coder = RangeDecoder(payload.stream[13:])

    def decode(self):
        self.point(0, 0.0, 2 * self.bound / self.most, 0, 0)
        classes = sorted(range(1, 8), key=lambda c: (bin(c).count("1"), c))
        for level in reversed(range((max(self.count) - 1).bit_length())):
            for c in classes:
                self.one_class(level, [k for k in range(3) if c >> k & 1])
        return self.values

    def one_class(self, level, odd):
        s, t = 1 << level, 1
        for _ in range(level):
            t = min(t * self.growth, self.most)
        step, group = 2 * self.bound / t, 3 * min(level, 2) + len(odd) - 1
        for index in itertools.product(*(range(s if k in odd else 0, n, 2 * s) for k, n in enumerate(self.count))):
            at = sum(i * stride for i, stride in zip(index, self.strides))
            self.point(at, self.prediction(level, odd, index, at), step, group, self.energy(s, odd, index, at))

    def prediction(self, level, odd, index, at):
        total, weights = 0.0, 0.0
        for k in odd:
            guide = self.guides[min(level, 3)][k]
            weight = WEIGHTS[guide >> 1]
            total += self.along(guide & 1, index[k], self.count[k], 1 << level, at, self.strides[k]) * weight
            weights += weight
        prediction = total / weights
        return prediction if math.isfinite(prediction) else 0.0

    def along(self, linear, i, n, s, at, stride):
        def d(steps):
            return self.d[at + steps * s * stride]

        before, after = i >= 3 * s, i + 3 * s < n
        if i + s >= n:
            return 1.5 * d(-1) - 0.5 * d(-3) if before else d(-1)
        if linear or not (before or after):
            return 0.5 * (d(-1) + d(1))
        if before and after:
            return 0.5625 * (d(-1) + d(1)) - 0.0625 * (d(-3) + d(3))
        if before:
            return 0.75 * d(-1) + 0.375 * d(1) - 0.125 * d(-3)
        return 0.375 * d(-1) + 0.75 * d(1) - 0.125 * d(3)

    def energy(self, s, odd, index, at):
        total, weights = 0, 0
        for k, i in enumerate(index):
            step = s * self.strides[k]
            near = [at - step] * (k in odd) + [at + step] * (k in odd and i + s < self.count[k])
            near += [at - 2 * step] * (2 if i >= 2 * s else 0)
            total, weights = total + sum(self.sizes[p] for p in near), weights + len(near)
        if total == 0:
            return 0
        v = max(1, 16 * total // weights)
        o = v.bit_length() - 1
        return min(1 + 2 * o + (v >> o - 1 & 1 if o else 0), 23)

    def point(self, at, prediction, step, group, energy):
        q = self.coder.integer(group, energy)
        if q is None:
            self.values[at], self.sizes[at] = self.element.of_bits(self.coder.raw(self.element.bits)), 255
        else:
            self.values[at] = self.element.typed(self.base[at] + (prediction + step * q))
            self.sizes[at] = min(abs(q), 255)
        self.d[at] = self.values[at] - self.base[at]


def refine(values, payload, element):
    coder = RangeDecoder(payload.refinement)
    return [element.typed(v + REFINEMENT * payload.bound * (coder.tree(4) - 7)) for v in values]


def decode(data, shape, type_name, base=None, refined=True):
    payload, element = Payload(data), ElementType(type_name)
    need((payload.base == 1) == (base is not None), "the payload and the call do not agree on a base")
    values = Lattice(payload, shape, element, [0.0] * math.prod(shape) if base is None else base).decode()
    return refine(values, payload, element) if refined and payload.refinement is not None else values


def packed(values):
    return struct.pack(f"<{len(values)}d", *values)


def unpacked(data):
    return list(struct.unpack(f"<{len(data) // 8}d", data))


# The golden files: name, shape, type and the name of the base.

GOLDEN = (
    ("key", (6, 5, 17), "f32", None),
    ("next", (6, 5, 17), "f32", "key"),
    ("escapes", (9, 21), "f64", None),
    ("line", (37,), "f32", None),
)


def check(golden):
    streams = {}
    for name, shape, type_name, base in GOLDEN:
        data = (golden / f"bounded-{name}.bin").read_bytes()
        base = streams[base] if base else None
        streams[name] = decode(data, shape, type_name, base, refined=False)
        for suffix, values in (("-stream", streams[name]), ("", decode(data, shape, type_name, base))):
            expected = unpacked((golden / f"bounded-{name}{suffix}.f64").read_bytes())
            assert len(values) == len(expected), f"{name}{suffix}: {len(values)} values"
            for i, (v, e) in enumerate(zip(values, expected)):
                assert packed([v]) == packed([e]), f"{name}{suffix}, value {i}: {v!r}, not {e!r}"
    print("golden bounded blocks of version 1: decoded and as expected")


def main():
    parser = argparse.ArgumentParser(description="decodes a bounded block to little-endian binary64 numbers")
    parser.add_argument("payload", nargs="?", type=pathlib.Path)
    parser.add_argument("shape", nargs="?", type=lambda text: tuple(map(int, text.split(","))), help="such as 4,5,6")
    parser.add_argument("type", nargs="?", choices=("f32", "f64"))
    parser.add_argument("base", nargs="?", type=pathlib.Path, help="the values of the base, binary64")
    parser.add_argument("--out", type=pathlib.Path, help="write to this file instead of the standard output")
    parser.add_argument("--no-refinement", action="store_true", help="leave the refinement out")
    parser.add_argument("--check", action="store_true", help="decode the golden files and compare")
    a = parser.parse_args()
    if a.check:
        return check(pathlib.Path(__file__).parent / "golden" / "v1")
    if a.type is None:
        parser.error("a payload, a shape and a type are needed")
    base = unpacked(a.base.read_bytes()) if a.base else None
    out = packed(decode(a.payload.read_bytes(), a.shape, a.type, base, not a.no_refinement))
    if a.out:
        a.out.write_bytes(out)
    else:
        sys.stdout.buffer.write(out)


if __name__ == "__main__":
    main()
