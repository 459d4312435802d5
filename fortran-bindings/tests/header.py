#!/usr/bin/env python3
"""The module limbeck has every name of limbeck.h, and every number its value there.

header.py HEADER_DIRECTORY MODULE_DIRECTORY LIBRARY... lists every #define LBK_ and every function of the headers, writes
a C and a Fortran program that print the former and name the latter, and compares what they say. CC and FC name the compilers.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# Fortran does not tell LBK_VERSION from lbk_version.
RENAMED = {"LBK_VERSION": "LBK_HEADER_VERSION", "LBK_ABI_VERSION": "LBK_HEADER_ABI_VERSION"}
# What Fortran's lbk_put and lbk_archive_read stand for, the layout being part of the array.
COVERED = {"lbk_put_strided": "lbk_put", "lbk_archive_read_strided": "lbk_archive_read"}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def main(headers, modules, *libraries):
    text = "".join((Path(headers) / "limbeck" / name).read_text() for name in ("version.h", "limbeck.h"))
    constants = sorted(set(re.findall(r"^#define (LBK_\w+)[ (]", text, re.M)))
    functions = sorted({COVERED.get(f, f) for f in re.findall(r"^[\w ]+[ *](lbk_\w+)\(", text, re.M)})
    handles = sorted(f"limbeck_{h}" for h in re.findall(r"^typedef struct lbk_\w+ lbk_(\w+);", text, re.M))
    assert len(constants) > 30 and len(functions) > 40 and len(handles) == 5, (constants, functions, handles)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        strings = re.findall(r'^#define (LBK_\w+) "', text, re.M)
        lines = "".join(
            f'    printf("{c}=%s\\n", {c});\n' if c in strings else f'    printf("{c}=%lld\\n", (long long)({c}));\n'
            for c in constants
        )
        (work / "c.c").write_text(f"#include <limbeck/limbeck.h>\n#include <stdio.h>\nint main(void) {{\n{lines}}}\n")
        run(os.environ.get("CC", "cc"), "-I", headers, work / "c.c", "-o", work / "c")
        names = ", &\n      ".join([RENAMED.get(c, c) for c in constants] + functions + handles)
        format_of = {True: "(a, a)", False: "(a, i0)"}
        lines = "".join(f"   print '{format_of[c in strings]}', '{c}=', {RENAMED.get(c, c)}\n" for c in constants)
        (work / "f.f90").write_text(f"program f\n   use limbeck, only: {names}\n   implicit none\n{lines}end program\n")
        run(os.environ.get("FC", "gfortran"), "-I", modules, work / "f.f90", "-o", work / "f", *libraries,
            *(f"-Wl,-rpath,{Path(library).parent}" for library in libraries))
        wanted, got = run(work / "c").splitlines(), run(work / "f").splitlines()
    differing = [f"{w} in the header, {g} in the module" for w, g in zip(wanted, got) if w != g]
    if differing or len(wanted) != len(got):
        sys.exit("\n".join(differing) or "different numbers of constants")
    print(f"{len(constants)} constants, {len(functions)} calls, {len(handles)} types")


if __name__ == "__main__":
    main(*sys.argv[1:])
