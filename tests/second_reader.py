#!/usr/bin/env python3
"""A second reader of limbeck's container, written from docs/format.md alone.

Needs Python 3.9 and nothing else; where the module `zstandard` (or Python 3.14) is missing, compressed metadata is
expanded by the program `zstd`. Prints what is in the files named as JSON; `--check` reads the golden files and compares
them with what the library's own tests know about them.
"""

import json
import pathlib
import struct
import subprocess
import sys

NO_ZSTD = 77
MAGIC = b"\x89LBK\r\n\x1a\n"
KINDS = {1: "run", 2: "accepted", 3: "block", 4: "complete", 5: "dropped", 6: "metrics", 7: "options",
         16: "segment", 17: "mask", 18: "index"}


class Damaged(Exception):
    pass


def need(condition, text):
    if not condition:
        raise Damaged(text)


def crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    return table


TABLE = crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def unzstd(data, length):
    try:
        from compression import zstd
        out = zstd.decompress(data)
    except ImportError:
        try:
            import zstandard
            out = zstandard.ZstdDecompressor().decompressobj().decompress(data)
        except ImportError:
            try:
                out = subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=True).stdout
            except FileNotFoundError:
                print("no zstd: install the module zstandard or the program zstd", file=sys.stderr)
                sys.exit(NO_ZSTD)
    need(len(out) == length, "metadata expands to another length")
    return out


# Flatbuffers: a table is a position; its vtable says where each field is.

class Table:
    def __init__(self, data, position):
        self.data, self.at = data, position
        self.vtable = position - struct.unpack_from("<i", data, position)[0]
        self.slots = (struct.unpack_from("<H", data, self.vtable)[0] - 4) // 2

    @staticmethod
    def root(data):
        return Table(data, struct.unpack_from("<I", data, 0)[0])

    def place(self, field):
        if field >= self.slots:
            return None
        offset = struct.unpack_from("<H", self.data, self.vtable + 4 + 2 * field)[0]
        return self.at + offset if offset else None

    def number(self, field, kind, default=0):
        place = self.place(field)
        return default if place is None else struct.unpack_from("<" + kind, self.data, place)[0]

    def target(self, field):
        place = self.place(field)
        return None if place is None else place + struct.unpack_from("<I", self.data, place)[0]

    def table(self, field):
        target = self.target(field)
        return None if target is None else Table(self.data, target)

    def vector(self, field, kind):
        target = self.target(field)
        if target is None:
            return None
        count = struct.unpack_from("<I", self.data, target)[0]
        return list(struct.unpack_from(f"<{count}{kind}", self.data, target + 4))

    def bytes(self, field):
        target = self.target(field)
        if target is None:
            return None
        count = struct.unpack_from("<I", self.data, target)[0]
        return self.data[target + 4:target + 4 + count]

    def text(self, field):
        return (self.bytes(field) or b"").decode()

    def tables(self, field):
        target = self.target(field)
        if target is None:
            return None
        count = struct.unpack_from("<I", self.data, target)[0]
        places = (target + 4 + 4 * i for i in range(count))
        return [Table(self.data, p + struct.unpack_from("<I", self.data, p)[0]) for p in places]


def attributes(tables):
    result = {}
    for t in tables or []:
        kind, floats = t.number(1, "B"), t.vector(4, "d") or []
        result[t.text(0)] = {0: t.text(2), 1: t.number(3, "q"), 2: floats[0] if floats else None, 3: floats}[kind]
    return result


def axis(t):
    common = {"name": t.text(4), "units": t.text(5)}
    kind = t.number(0, "B")
    if kind == 1:
        return common | {"origin": t.number(1, "d"), "spacing": t.number(2, "d")}
    return common | ({"values": t.vector(3, "d")} if kind == 2 else {})


def block(t):
    return {"offset": t.vector(0, "Q"), "count": t.vector(1, "Q"), "rank": t.number(2, "I")}


def variable(t):
    shape, blocks = t.vector(2, "Q"), t.tables(5)
    whole = [{"offset": [0] * len(shape), "count": shape, "rank": 0}]
    return {"name": t.text(0), "element_type": t.number(1, "B"), "shape": shape, "attributes": attributes(t.tables(3)),
            "axes": [axis(a) for a in t.tables(4) or []],
            "blocks": whole if blocks is None else [block(b) for b in blocks]}


def run(t):
    return {"limbeck_version": t.text(0), "attributes": attributes(t.tables(1)),
            "variables": [variable(v) for v in t.tables(2) or []]}


def step(t):
    return {"step": t.number(0, "Q"), "cycle": t.number(1, "q"), "time": t.number(2, "d"), "reason": t.text(3)}


def quality(t):
    names = ["count", "squared_error", "max_error", "min", "max"]
    return {n: t.number(i, "Qdddd"[i]) for i, n in enumerate(names)} if t else None


def step_block(t, payload):
    mask = t.number(6, "Q")
    need(mask <= len(payload), "a mask larger than its frame")
    end = len(payload) - mask
    return {"step": t.number(0, "Q"), "variable": t.number(1, "I"), "block": t.number(2, "I"),
            "method": t.number(3, "H"), "step_kind": t.number(4, "B"), "base_step": t.number(5, "Q", None),
            "payload": payload[:end].hex(), "mask": payload[end:].hex() if t.number(7, "B") else None,
            "quality": quality(t.table(8)), "seconds": t.number(9, "d"), "samples": t.number(10, "Q"),
            "queue_depth": t.number(11, "I")}


def metrics(t):
    columns = [("step", "Q"), ("variable", "I"), ("count", "Q"), ("squared_error", "d"), ("max_error", "d"),
               ("min", "d"), ("max", "d"), ("bytes", "Q"), ("samples", "Q"), ("train_seconds", "f"),
               ("host_seconds", "f"), ("queue_bytes", "Q"), ("queue_depth", "I")]
    values = {name: t.vector(i, kind) for i, (name, kind) in enumerate(columns)}
    return [{name: v[i] for name, v in values.items() if v} for i in range(len(values["step"] or []))]


def segment(t):
    return {"variable": t.number(0, "I"), "content": t.number(1, "B"), "method": t.number(2, "H"),
            "step_kind": t.number(3, "B"), "block": t.number(4, "I"), "base_step": t.number(5, "Q", None),
            "first_step": t.number(6, "Q"), "step_count": t.number(7, "Q"), "box_offset": t.vector(8, "Q"),
            "box_count": t.vector(9, "Q"), "frame_offset": t.number(10, "Q"), "payload_length": t.number(11, "Q"),
            "psnr": t.number(12, "f", None), "max_error": t.number(13, "f", None), "description": t.text(14)}


def other(t):
    return {"kind": t.number(0, "B"), "required": bool(t.number(1, "B")), "frame_offset": t.number(2, "Q"),
            "length": t.number(3, "Q"), "variable": t.number(4, "I"), "block": t.number(5, "I"),
            "step": t.number(6, "Q")}


class StepsTable:
    def __init__(self, data):
        self.data, self.at = data, 0
        n = self.varint()
        need(n <= 1 << 24, "too many steps")
        self.cycles = self.column(n)
        self.times, self.rounded = self.read_times(n) if n else ([], False)
        self.missing = self.column(self.varint())
        need(self.at == len(data), "bytes behind the steps table")

    def take(self, n):
        need(self.at + n <= len(self.data), "the steps table ends early")
        self.at += n
        return self.data[self.at - n:self.at]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                need(value < 1 << 64, "a number beyond 64 bits")
                return value

    def zigzag(self):
        u = self.varint()
        return u >> 1 ^ -(u & 1)

    def column(self, k):
        if k == 0:
            return []
        values = [self.zigzag()]
        if k == 1:
            return values
        least, width = self.zigzag(), self.take(1)[0]
        bits = int.from_bytes(self.take(((k - 1) * width + 7) // 8), "little")
        for i in range(k - 1):
            value = values[-1] + least + (bits >> i * width & (1 << width) - 1)
            values.append((value + 2**63) % 2**64 - 2**63)
        return values

    def read_times(self, n):
        code = self.take(1)[0]
        coding, rounded = code & 127, bool(code & 128)
        if coding == 4:
            e = struct.unpack("<h", self.take(2))[0]
            return [float(m) * 2.0**e for m in self.column(n)], rounded
        if coding == 5:
            return list(struct.unpack(f"<{n}d", self.take(8 * n))), rounded
        need(coding <= 3, "unknown coding of times")
        a, b = struct.unpack("<dd", self.take(16))
        if coding < 2:
            return [a + b * float(c) for c in (range(n) if coding == 0 else self.cycles)], rounded
        times = [a]
        for i in range(1, n):
            time = times[-1]
            for _ in range(1 if coding == 2 else self.cycles[i] - self.cycles[i - 1]):
                time += b
            times.append(time)
        return times, rounded


# Files.

def check_header(data, kind):
    need(len(data) >= 16 and data[:8] == MAGIC, "not a limbeck file")
    version, found, flags, crc = struct.unpack_from("<HBBI", data, 8)
    need(crc == crc32c(data[:12]), "damaged file header")
    need(version == 1 and flags == 0, "a newer format")
    need(kind in (None, found), "a file of another kind")
    return found


def frame_header(data, at):
    if at + 28 > len(data) or data[at:at + 4] != b"LBKF":
        return None
    header = data[at:at + 28]
    return header if struct.unpack_from("<I", header, 24)[0] == crc32c(header[:24]) else None


def frame(data, at, end):
    """Kind, metadata, payload and length of the frame at `at`; kind None if it is optional and unknown."""
    header = frame_header(data, at)
    need(header, f"no frame at byte {at}")
    kind, flags, algorithm, zero, m, p, crc = struct.unpack_from("<BBBBIQI", header, 4)
    need(at + 28 + m + p <= end, "a frame beyond the end of the file")
    known = kind in KINDS and flags < 4 and algorithm == 1 and zero == 0
    need(known or not flags & 1, "a required frame that is unknown")
    if not known:
        return None, b"", b"", 28 + m + p
    body = data[at + 28:at + 28 + m + p]
    need(crc32c(body) == crc, f"damaged frame at byte {at}")
    meta = body[:m]
    if flags & 2:
        length = struct.unpack_from("<I", meta)[0]
        need(length <= min(1 << 28, 256 * m + 65536), "metadata claims to be huge")
        meta = unzstd(meta[4:], length)
    return KINDS[kind], meta, body[m:], 28 + m + p


def read_journal(data):
    check_header(data, 1)
    result = {"run": None, "options": None, "accepted": [], "blocks": [], "complete": [], "dropped": [], "metrics": []}
    at = 16
    while at < len(data):
        kind, meta, payload, length = frame(data, at, len(data))
        if kind == "run":
            result["run"] = run(Table.root(meta))
        elif kind == "block":
            result["blocks"].append(step_block(Table.root(meta), payload))
        elif kind in ("accepted", "complete", "dropped"):
            result[kind].append(step(Table.root(meta)))
        elif kind == "metrics":
            result["metrics"] += metrics(Table.root(meta))
        elif kind == "options":
            result["options"] = payload.decode()
        at += length
    return result


def read_archive(data):
    check_header(data, 2)
    end = len(data) - 16
    index_offset, crc = struct.unpack_from("<QI", data, end)
    need(data[-4:] == b"LBKE" and crc == crc32c(data[end:end + 8] + b"LBKE"), "no trailer")
    kind, meta, _, length = frame(data, index_offset, end)
    need(kind == "index" and index_offset + length == end, "the trailer does not point to the index")
    index = Table.root(meta)
    steps = StepsTable(index.bytes(1))
    result = {"run": run(index.table(0)), "cycles": steps.cycles, "times": steps.times, "missing": steps.missing,
              "rounded": steps.rounded, "segments": [], "masks": [], "metrics": [], "options": None}
    for s in map(segment, index.tables(2) or []):
        kind, _, payload, _ = frame(data, s["frame_offset"], index_offset)
        need(kind == "segment" and len(payload) == s["payload_length"], "not the segment that the index names")
        result["segments"].append(s | {"payload": payload.hex()})
    for f in map(other, index.tables(3) or []):
        kind, meta, payload, length = frame(data, f["frame_offset"], index_offset)
        need(length == 28 + f["length"], "not the frame that the index names")
        if kind == "mask":
            result["masks"].append({k: f[k] for k in ("variable", "block", "step")} | {"mask": payload.hex()})
        elif kind == "metrics":
            result["metrics"] += metrics(Table.root(meta))
        elif kind == "options":
            result["options"] = payload.decode()
    return result


def read(path):
    data = pathlib.Path(path).read_bytes()
    return read_journal(data) if check_header(data, None) == 1 else read_archive(data)


# The golden files.

def payload_of(variable, block, step, length):
    """The bytes that rust/archive/tests/container/fixture.rs makes up."""
    state, out = 1 + variable + 10 * block + 100 * step, bytearray()
    for _ in range(length):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append(state >> 56)
    return out.hex()


def check_run(r):
    density, flux = r["variables"]
    assert r["limbeck_version"] == "0.1.0" and r["attributes"] == {"title": "a blast wave – golden", "seed": -7}
    assert density["name"] == "density" and density["element_type"] == 8 and density["shape"] == [4, 4, 5]
    assert density["attributes"] == {"units": "kg m-3", "gamma": 1.4, "limits": [0.5, 1e300]}
    assert density["axes"] == [{"name": "z", "units": ""},
                               {"name": "y", "units": "m", "origin": -1.5, "spacing": 0.25},
                               {"name": "", "units": "", "values": [0.0, 0.1, 0.3, 0.7, 1.5]}]
    assert [b["offset"] for b in density["blocks"]] == [[0, 0, 0], [2, 0, 0]]
    assert flux["shape"] == [9] and flux["blocks"] == [{"offset": [0], "count": [9], "rank": 0}]


def check_metrics(rows):
    assert len(rows) == 6 and [(m["step"], m["variable"]) for m in rows] == [(i // 2, i % 2) for i in range(6)]
    assert all(m["samples"] == 8192 and m["host_seconds"] == 0.0625 for m in rows)


def check(golden):
    archive = read(golden / "archive.bin")
    check_run(archive["run"])
    check_metrics(archive["metrics"])
    assert archive["cycles"] == [50, 60, 70, 80] and archive["times"] == [0.125, 0.625, 1.125, 1.625]
    assert archive["missing"] == [2] and not archive["rounded"] and archive["options"] == "target.ratio = 1000\n"
    first, *carried = archive["segments"]
    assert first["payload"] == payload_of(0, 0, 77, 90) and first["psnr"] == 47.5 and first["step_count"] == 4
    assert [s["first_step"] for s in carried] == [0, 1, 3] and [s["base_step"] for s in carried] == [None, 0, None]
    assert all(s["payload"] == payload_of(1, 0, s["first_step"], 8) for s in carried)
    assert archive["masks"] == [{"variable": 0, "block": 1, "step": 1, "mask": payload_of(9, 9, 9, 11)}]

    journal = read(golden / "journal.bin")
    check_run(journal["run"])
    check_metrics(journal["metrics"])
    assert [s["step"] for s in journal["accepted"]] == [0, 1, 3, 4]
    assert [(s["step"], s["cycle"], s["time"]) for s in journal["complete"]] == [(0, 50, 0.125), (1, 60, 0.625),
                                                                                 (3, 80, 1.625)]
    assert [(s["step"], s["reason"]) for s in journal["dropped"]] == [(2, "the queue was full")]
    assert len(journal["blocks"]) == 10
    for b in journal["blocks"]:
        size = 8 if b["variable"] == 1 else 40
        assert b["payload"] == payload_of(b["variable"], b["block"], b["step"], size) and b["samples"] == 4096
        masked = (b["variable"], b["block"], b["step"]) == (0, 1, 1)
        assert b["mask"] == (payload_of(9, 9, 9, 11) if masked else None)
    assert [b["base_step"] for b in journal["blocks"] if b["block"] == 1] == [None, 0, 1]
    print("golden files of version 1: read and as expected")


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        check(pathlib.Path(__file__).parent / "golden" / "v1")
    else:
        print(json.dumps([read(path) for path in sys.argv[1:]], indent=1))
