"""xarray's datasets."""

import pickle

import numpy as np
import pytest

import limbeck

from fields import QUICK, field

xarray = pytest.importorskip("xarray")
dask = pytest.importorskip("dask")


@pytest.fixture
def dataset(run):
    with xarray.open_dataset(run, engine="limbeck") as opened:
        yield opened


def test_the_engine_is_found_by_the_name_of_the_file(run):
    assert "limbeck" in xarray.backends.list_engines()
    for path in (run, str(run), f"{run}.d", f"{run}.d/"):
        with xarray.open_dataset(path) as opened:
            assert set(opened) == {"density", "pressure"}
    assert not xarray.backends.list_engines()["limbeck"].guess_can_open("x.nc")


def test_dimensions_coordinates_attributes(dataset, archive):
    assert dataset["density"].dims == ("time", "z", "y", "x")
    assert dataset["pressure"].dims == ("time", "depth", "x_pressure")
    assert dict(dataset.sizes) == {"time": 6, "z": 8, "y": 10, "x": 12, "depth": 5, "x_pressure": 7}
    assert set(dataset.coords) == {"time", "z", "x", "depth"}
    np.testing.assert_array_equal(dataset["time"], archive.times)
    np.testing.assert_array_equal(dataset["z"], -1 + 0.5 * np.arange(8))
    assert dataset["depth"].attrs == {"units": "m"}
    assert dataset["density"].attrs["units"] == "kg m-3" and dataset.attrs["title"] == "two waves"
    assert dataset["density"].dtype == np.float32 and dataset["pressure"].dtype == np.float64


def test_values_and_selections(dataset, archive):
    whole = archive["density"][...]
    density = dataset["density"]
    np.testing.assert_array_equal(density.isel(time=2), whole[2])
    np.testing.assert_array_equal(density.sel(time=2.0, z=0.5), whole[3, 3])
    np.testing.assert_array_equal(density.sel(time=2.2, method="nearest"), whole[3])
    np.testing.assert_array_equal(density[::-2, [0, 3], 1:4, -1], whole[::-2][:, [0, 3]][..., 1:4, -1])
    points = xarray.DataArray([0, 2, 4], dims="p")
    np.testing.assert_array_equal(density.isel(time=points, x=points), whole[[0, 2, 4], :, :, [0, 2, 4]])
    np.testing.assert_allclose(density.mean(), whole.mean(), rtol=1e-5)


def test_nothing_is_decoded_before_it_is_asked_for(dataset, monkeypatch):
    asked = []
    real = limbeck.Variable.read
    monkeypatch.setattr(limbeck.Variable, "read", lambda v, key=..., **o: asked.append((v.name, key)) or real(v, key, **o))
    part = dataset["density"].isel(time=4, x=slice(2, 5))
    assert asked == []
    part.load()
    [(name, key)] = asked
    assert (name, key[0], key[3]) == ("density", 4, slice(2, 5, 1))


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_dask(run, archive, scheduler):
    with xarray.open_dataset(run, chunks={}) as lazy:
        assert lazy["density"].chunks == ((1,) * 6, (8,), (10,), (12,))
        with dask.config.set(scheduler=scheduler, num_workers=2):
            means = lazy["density"].mean(("z", "y", "x"), dtype=np.float64).compute()
        np.testing.assert_allclose(means, archive["density"][...].mean((1, 2, 3), dtype=np.float64))


def test_pickles(dataset, archive):
    again = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_array_equal(again["pressure"][3], archive["pressure"][3])


def test_dropped_variables(run):
    with xarray.open_dataset(run, drop_variables="density") as opened:
        assert set(opened) == {"pressure"}
    with xarray.open_dataset(run, drop_variables=["pressure", "x"]) as opened:
        assert set(opened) == {"density"} and "x" not in opened.coords


def test_closing_gives_the_file_back(run):
    opened = xarray.open_dataset(run)
    opened.close()
    with pytest.raises(ValueError, match="closed"):
        opened["density"].load()


def test_a_variable_with_the_name_of_a_dimension(tmp_path):
    data = {"x": field((3, 4, 5)), "time": field((3, 4, 5))}
    with limbeck.compress(data, tmp_path / "run.lbk", max_error=0, **QUICK) as archive:
        with xarray.open_dataset(archive.path) as opened:
            assert opened["x"].dims == ("time_x", "y", "x_x")
            np.testing.assert_array_equal(opened["x"], data["x"])
            np.testing.assert_array_equal(opened["time"], data["time"])


def test_datasets_become_archives(dataset, tmp_path):
    with limbeck.compress(dataset[["density"]], tmp_path / "again.lbk", max_error=0, **QUICK) as again:
        np.testing.assert_array_equal(again["density"][...], dataset["density"])


def test_bad_files_are_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        xarray.open_dataset(tmp_path / "gone.lbk")
    (tmp_path / "x.lbk").write_text("something else, and long enough")
    with pytest.raises(limbeck.CompatibilityError):
        xarray.open_dataset(tmp_path / "x.lbk")
