"""Basic indexing gives what NumPy gives, and asks for no more."""

import random

import numpy as np
import pytest

import limbeck
from limbeck.indexing import select


def some_index(draw, shape):
    """An index into an array of this shape that is inside."""

    def part(n):
        match = draw.randrange(5)
        if match == 0:
            return draw.randrange(-n, n)
        if match == 1:
            return draw.choice([np.int64, np.uint8, np.int32])(draw.randrange(n))
        ends = [None, *range(-n - 2, n + 3)]
        steps = [None, 1, 2, 3, n + 1, -1, -2, -n]
        return slice(draw.choice(ends), draw.choice(ends), draw.choice(steps))

    parts = [part(n) for n in shape]
    match = draw.randrange(4)
    if match == 0:
        return tuple(parts[: draw.randrange(len(parts) + 1)])
    if match == 1:
        cut = draw.randrange(len(parts) + 1)
        behind = draw.randrange(len(parts) - cut + 1)
        return (*parts[:cut], Ellipsis, *parts[len(parts) - behind :])
    if match == 2 and len(parts) > 0:
        return parts[0]
    return tuple(parts)


def test_selections_are_numpys():
    draw = random.Random(1)
    for _ in range(5000):
        shape = tuple(draw.randrange(1, 8) for _ in range(draw.randrange(1, 5)))
        array = np.arange(np.prod(shape)).reshape(shape)
        index = some_index(draw, shape)
        s = select(index, shape, "v")
        region = tuple(slice(a, a + n * e, e) for a, n, e in zip(s.start, s.size, s.every))
        found = array[region]
        assert found.shape == tuple(s.size)
        assert all(0 <= a < n for a, n in zip(s.start, shape))
        np.testing.assert_array_equal(found[s.order], array[index], err_msg=f"{shape} {index}")
        assert found[s.order].shape == array[index].shape


@pytest.mark.parametrize("name", ["density", "pressure"])
def test_values_are_those_of_a_whole_read(archive, name):
    variable = archive[name]
    whole = variable[...]
    assert whole.shape == variable.shape and whole.dtype == variable.dtype and whole.flags.c_contiguous
    draw = random.Random(2)
    for _ in range(200):
        index = some_index(draw, variable.shape)
        found = variable[index]
        np.testing.assert_array_equal(found, whole[index], err_msg=str(index))
        assert found.shape == whole[index].shape
        assert found.dtype == whole.dtype
    one = variable[(1,) * variable.ndim]
    assert isinstance(one, variable.dtype.type) and one == whole[(1,) * variable.ndim]


def test_whole_reads_are_what_the_program_decodes(run, archive, program, tmp_path):
    program("decode", run, "-o", tmp_path / "v.npy", "--quiet")
    for name in archive:
        decoded = np.load(tmp_path / f"v-{name}.npy")
        assert decoded.dtype == archive[name].dtype
        np.testing.assert_array_equal(archive[name][...], decoded)


def test_only_what_is_asked_for_is_decoded(archive):
    class Spy:
        def read(self, name, steps, start, count, every, out):
            self.asked = (steps, start, count, every, out.shape)

    variable, spy = archive["density"], Spy()
    variable._archive._open = spy
    variable[-1:2:-2, 3, ::4, 5:1:-1]
    assert spy.asked == ([3, 5], [3, 0, 2], [1, 3, 4], [1, 4, 1], (2, 1, 3, 4))
    del spy.asked
    assert variable[2:2].shape == (0, 8, 10, 12) and variable[:, 8:].shape == (6, 0, 10, 12)
    assert not hasattr(spy, "asked")


def test_types_that_are_asked_for(archive):
    density = archive["density"]
    wide = density.read((2, 3), dtype="float64")
    assert wide.dtype == np.float64
    np.testing.assert_array_equal(wide.astype(np.float32), density[2, 3])
    with pytest.raises(TypeError, match="float32 or float64, not as int16"):
        density.read(dtype=np.int16)
    assert np.asarray(density).shape == density.shape
    assert np.asarray(density, dtype=np.float64).dtype == np.float64
    assert np.sum(density).shape == ()


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (6, "index 6 is out of bounds for axis 0 of 'density' with size 6"),
        (-7, "index -7 is out of bounds"),
        ((0, 0, 10), "axis 2"),
        ((0, 0, 0, 0, 0), "it has 4 axes, and 5 were indexed"),
        ((0, 0, 0, 0, 0, ...), "5 were indexed"),
        ((..., 0, ...), "single ellipsis"),
    ],
)
def test_indices_outside(archive, index, words):
    with pytest.raises(IndexError, match=words):
        archive["density"][index]


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ([0, 2], "not with list: read a box"),
        (np.array([0, 2]), "not with ndarray: read a box"),
        ((slice(None), [0, 1]), "read a box"),
        (np.zeros((6, 8, 10, 12), bool), "read a box"),
        (True, "not with bool"),
        (np.True_, "not with bool"),
        (1.5, "sample"),
        ("x", "not with str"),
        (None, r"v\[...\]\[None\]"),
        (slice(0.5, 2), "integers"),
    ],
)
def test_other_indices(archive, index, words):
    with pytest.raises(TypeError, match=words):
        archive["density"][index]


def test_a_step_of_zero(archive):
    with pytest.raises(ValueError, match="zero"):
        archive["density"][::0]


def test_the_hint_for_fancy_indices_works(archive):
    v = archive["density"]
    np.testing.assert_array_equal(v[3, :, 1:9][:, [0, 5]], v[...][3, :, [1, 6]].transpose(1, 0, 2))
    assert isinstance(v, limbeck.Variable)
