"""Files that are not what they should be give a sentence, whatever is wrong with them."""

import os
import shutil
import struct

import numpy as np
import pytest

import limbeck


def crc32c(data):
    table = []
    for i in range(256):
        for _ in range(8):
            i = (i >> 1) ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="neither an archive .*gone.lbk nor a journal"):
        limbeck.open(tmp_path / "gone.lbk")
    with pytest.raises(OSError):
        limbeck.open(tmp_path / "gone" / "run.lbk")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_that_may_not_be_read(broken):
    broken.chmod(0)
    with pytest.raises(PermissionError, match="run.lbk"):
        limbeck.open(broken)


def test_directories_that_hold_no_run(tmp_path):
    with pytest.raises((limbeck.Error, OSError, ValueError), match=str(tmp_path)):
        limbeck.open(tmp_path)


@pytest.mark.parametrize("content", [b"hello, this is some text and no archive at all", b"\x93NUMPY\x01\x00" + bytes(200)])
def test_foreign_files(tmp_path, content):
    (tmp_path / "x.lbk").write_bytes(content)
    with pytest.raises(limbeck.CompatibilityError, match="x.lbk"):
        limbeck.open(tmp_path / "x.lbk")


def test_empty_files(tmp_path):
    (tmp_path / "x.lbk").touch()
    with pytest.raises(limbeck.TruncatedError, match="x.lbk"):
        limbeck.open(tmp_path / "x.lbk")


def test_newer_files(broken):
    content = bytearray(broken.read_bytes())
    content[8:10] = struct.pack("<H", 99)
    content[12:16] = struct.pack("<I", crc32c(content[:12]))
    broken.write_bytes(content)
    with pytest.raises(limbeck.CompatibilityError, match="newer limbeck"):
        limbeck.open(broken)


def test_a_journal_is_no_archive(broken):
    shutil.copy(broken.parent / "run.lbk.d" / "journal-00000.lbj", broken)
    with pytest.raises(limbeck.CompatibilityError):
        limbeck.open(broken)


def test_truncated_archives(broken):
    content = broken.read_bytes()
    for length in sorted({*range(1, len(content), max(1, len(content) // 40)), len(content) - 1}):
        broken.write_bytes(content[:length])
        with pytest.raises((limbeck.TruncatedError, limbeck.CorruptionError), match="run.lbk"):
            limbeck.open(broken)


def test_archives_with_flipped_bits(broken):
    content = broken.read_bytes()
    with limbeck.open(broken) as whole:
        values = whole["density"][...]
    refused = 0
    for at in range(0, len(content), max(1, len(content) // 60)):
        flipped = bytearray(content)
        flipped[at] ^= 0x10
        broken.write_bytes(flipped)
        try:
            with limbeck.open(broken) as damaged:
                found = damaged["density"][...]
        except (limbeck.Error, ValueError) as e:
            refused += 1
            assert str(e)
        else:
            # In what was not read, or was optional.
            np.testing.assert_array_equal(found, values)
    assert refused > 20


def test_an_archive_that_shrinks_while_it_is_open(broken):
    with limbeck.open(broken) as a:
        os.truncate(broken, 40)
        with pytest.raises(limbeck.TruncatedError, match="became shorter while it was read"):
            a["density"][0]


def test_an_archive_that_changes_while_it_is_open(broken):
    size = broken.stat().st_size
    with limbeck.open(broken) as a:
        with open(broken, "r+b") as f:
            f.seek(16)
            f.write(bytes(size - 16))
        with pytest.raises(limbeck.CorruptionError):
            a["density"][0]


def test_an_archive_that_is_replaced_while_it_is_open(broken):
    """What was opened is read on; who opens it anew gets the new one."""
    with limbeck.open(broken) as a:
        other = broken.with_name("other")
        other.write_text("something else")
        os.replace(other, broken)
        assert np.isfinite(a["density"][0]).all()
        with pytest.raises(limbeck.CompatibilityError):
            limbeck.open(broken)


def test_journals_that_are_cut_anywhere(broken):
    journal = broken.parent / "run.lbk.d" / "journal-00000.lbj"
    content = journal.read_bytes()
    shapes = set()
    for length in range(0, len(content), len(content) // 40):
        journal.write_bytes(content[:length])
        try:
            with limbeck.open(f"{broken}.d") as run:
                values = run["density"][...]
                shapes.add(values.shape[0])
                assert np.isfinite(values).all()
        except (limbeck.Error, ValueError) as e:
            assert str(e)
    assert {0, 3, 5} <= shapes


def test_kinds_of_exceptions():
    for kind in (limbeck.CompatibilityError, limbeck.CorruptionError, limbeck.TruncatedError):
        assert issubclass(kind, limbeck.Error) and issubclass(kind, Exception)
        assert kind.__module__ == "limbeck" and kind.__doc__
