"""Values at arbitrary points."""

import numpy as np
import pytest


@pytest.fixture
def density(archive):
    return archive["density"]


def test_grid_points_have_their_values(density):
    index = np.array([[0, 0, 0, 0], [5, 7, 9, 11], [3, 4, 2, 1]])
    np.testing.assert_allclose(density.sample(index), density[...][tuple(index.T)], rtol=1e-6)


def test_shapes(density, archive):
    assert density.sample([1, 2, 3, 4]).shape == ()
    assert density.sample(np.zeros((0, 4))).shape == (0,)
    points = np.random.default_rng(3).uniform(0, 5, (2, 3, 5, 4))
    values = density.sample(points)
    assert values.shape == (2, 3, 5) and values.dtype == np.float64
    np.testing.assert_array_equal(values[1, 2], density.sample(points[1, 2]))
    np.testing.assert_array_equal(values, density.sample(np.asfortranarray(points)))
    assert archive["pressure"].sample([[1, 2, 3]]).shape == (1,)
    for wrong in (np.zeros((3, 3)), np.zeros((4, 5)), 1.0, np.zeros(())):
        with pytest.raises(ValueError, match=r"must have 4 coordinates \(time, z, y, x\)"):
            density.sample(wrong)


def test_between_steps_lie_values_between(density):
    a, b = density[2, 3, 4, 5], density[3, 3, 4, 5]
    middle = density.sample([2.5, 3, 4, 5])
    assert min(a, b) - 0.3 < middle < max(a, b) + 0.3


def test_physical_points_are_index_points(density):
    x = density.axes[2].points
    index = [[0, 0, 0, 0], [3, 7, 9, 11], [3.5, 1.5, 4.25, 6.5]]
    physical = [[0.0, -1.0, 0, x[0]], [2.0, 2.5, 9, x[11]], [2.5, -0.25, 4.25, (x[6] + x[7]) / 2]]
    np.testing.assert_allclose(density.sample(physical, space="physical"), density.sample(index), rtol=1e-5)


def test_outside_is_refused_with_what_is_inside(density):
    cases = [
        ([[1, 1, 1, 1], [1, 8, 1, 1]], "index", r"point 1 .*coordinate 8 along axis 0.*-0.5 to 7.5"),
        ([[5.5, 1, 1, 1]], "index", r"point 0 .*step index 5.5 is outside the steps 0 to 5"),
        ([[0.0, 9.0, 1, 0.5]], "physical", r"coordinate 9 along axis 0.*-1.25 to 2.75"),
        ([[7.0, 0.0, 1, 0.5]], "physical", r"time 7 is outside the times 0 to 5"),
        ([[1, np.nan, 1, 1]], "index", "NaN along axis 0"),
    ]
    for points, space, words in cases:
        with pytest.raises(ValueError, match=words):
            density.sample(points, space=space)


def test_outside_is_clamped(density):
    points = [[-3, 1, 1, 1], [1, 1, 99, 1], [9, -9, 99, 99]]
    inside = [[0, 1, 1, 1], [1, 1, 9.5, 1], [5, -0.5, 9.5, 11.5]]
    np.testing.assert_array_equal(density.sample(points, outside="clamp"), density.sample(inside))
    np.testing.assert_array_equal(
        density.sample([[99.0, 99.0, 1, 0.5]], space="physical", outside="clamp"),
        density.sample([[5.0, 2.75, 1, 0.5]], space="physical"),
    )
    with pytest.raises(ValueError, match="NaN"):
        density.sample([[1, np.nan, 1, 1]], outside="clamp")


def test_outside_is_nan(density):
    values = density.sample([[1, 1, 1, 1], [1, 99, 1, 1], [np.nan, 1, 1, 1]], outside="nan")
    assert np.isnan(values).tolist() == [False, True, True]
    assert values[0] == density.sample([1, 1, 1, 1])


def test_words(density):
    with pytest.raises(ValueError, match="space is \"world\": it can be 'index' or 'physical'"):
        density.sample([[0, 0, 0, 0]], space="world")
    with pytest.raises(ValueError, match="outside is \"zero\": it can be 'error', 'clamp' or 'nan'"):
        density.sample([[0, 0, 0, 0]], outside="zero")


def test_derivatives_are_differences(density):
    """Central ones, over a distance at which neither rounding nor curvature is much. Where values are cut off at the range of
    the data, a difference may see both sides; so it may on a step, since steps lie unevenly in time."""
    low, high = density[...].min(), density[...].max()
    points = np.random.default_rng(4).uniform(0.5, 4.5, (50, 4))
    points[:, 0] = np.floor(points[:, 0]) + 0.1 + 0.8 * (points[:, 0] % 1)
    rates = density.gradient(points)
    assert rates.shape == (50, 4) and rates.dtype == np.float64
    for axis in range(4):
        h = np.zeros(4)
        h[axis] = 1e-2
        around = np.array([density.sample(points + h), density.sample(points - h)])
        free = np.all((around > low + 1e-6) & (around < high - 1e-6), axis=0)
        assert free.sum() > 40
        differences = (around[0] - around[1])[free] / 2e-2
        scale = np.abs(differences).max()
        assert scale > 0
        np.testing.assert_allclose(rates[free, axis], differences, atol=2e-2 * scale)


def test_derivatives_in_units(density):
    index = [[3.5, 1.5, 4.25, 6.5]]
    x = density.axes[2].points
    physical = [[2.5, -0.25, 4.25, (x[6] + x[7]) / 2]]
    # From step 3 to 4 is one unit of time; z has a spacing of 0.5.
    per_unit = density.gradient(index) / [1.0, 0.5, 1.0, x[7] - x[6]]
    np.testing.assert_allclose(density.gradient(physical, space="physical"), per_unit, rtol=1e-4)


def test_derivatives_outside(density, archive):
    assert density.gradient(np.zeros((2, 0, 4))).shape == (2, 0, 4)
    assert archive["pressure"].gradient([1, 2, 3]).shape == (3,)
    with pytest.raises(ValueError, match="point 1 .*axis 0"):
        density.gradient([[1, 1, 1, 1], [1, 9, 1, 1]])
    rates = density.gradient([[1, 1, 1, 1], [1, 9, 1, 1]], outside="nan")
    assert np.isfinite(rates[0]).all() and np.isnan(rates[1]).all()
    clamped = density.gradient([[1, 9, 1, 1]], outside="clamp")
    np.testing.assert_array_equal(clamped, density.gradient([[1, 7.5, 1, 1]]))
