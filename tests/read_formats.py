#!/usr/bin/env python3
"""Reads what `limbeck decode` and `limbeck query` write with the libraries that these formats are for.

    read_formats.py FILE.nc|FILE.vtkhdf...      prints what they find in the files
    read_formats.py --check DIRECTORY           compares the files that ci/formats makes there with the .npy files of the
                                                same values, every value, coordinate and attribute; fails where any differs

Needs numpy, h5py, netCDF4, h5netcdf, xarray and vtk (9.3 or newer, which is that of ParaView 5.12).
"""

import csv
import pathlib
import sys

import h5py
import netCDF4
import numpy as np
import vtk
import xarray
from vtk.util.numpy_support import vtk_to_numpy

# What rust/cli/tests/program/rich.rs writes.
TIMES = [0.0, 0.5, 2.0, 4.5, 8.0]
DEPTH = [0.0, 1.0, 3.0, 7.0]
Y = [10.0, 9.5, 9.0, 8.5, 8.0, 7.5]
RUN = {"title": 'Ünïcode, "quoted"', "time_units": "seconds since 2000-01-01", "seed": 1 << 40, "viscosity": 1e-300,
       "gravity": [0.0, 0.0, -9.81], "long": np.arange(10_000.0), "empty": "", "none": []}
DENSITY = {"units": "kg m-3", "long_name": "density of the gas", "levels": 7, "none": []}

compared = 0


def same(found, expected, what):
    """Compares all values, NaN with NaN; numbers to the last bit, type included where both are arrays."""
    global compared
    found, wanted = np.asarray(found), np.asarray(expected)
    if isinstance(expected, np.ndarray):
        assert found.dtype == wanted.dtype, f"{what}: {found.dtype}, not {wanted.dtype}"
    assert found.shape == wanted.shape, f"{what}: shape {found.shape}, not {wanted.shape}"
    numbers = wanted.dtype.kind == "f"
    assert np.array_equal(found, wanted, equal_nan=numbers), f"{what}: {found} instead of {wanted}"
    compared += wanted.size


def attributes(found, expected, what):
    for name, value in expected.items():
        assert name in found, f"{what} has no attribute {name}"
        same(found[name], value, f"attribute {name} of {what}")


def netcdf(path, variables, coordinates, **more):
    """`variables`: name -> (dimensions, values); `coordinates`: name -> values; more: attributes by name or "run"."""
    with netCDF4.Dataset(path) as data:
        data.set_auto_mask(False)
        assert data.data_model == "NETCDF4", data.data_model
        assert data.Conventions.startswith("CF-"), data.Conventions
        attributes(data.__dict__, more.get("run", {}), path.name)
        for name, (dimensions, values) in variables.items():
            assert data[name].dimensions == dimensions, f"{name}: {data[name].dimensions}"
            assert np.isnan(data[name]._FillValue) and data[name]._FillValue.dtype == values.dtype
            same(data[name][...], values, f"{path.name}: {name} by netCDF4")
            attributes(data[name].__dict__, more.get(name, {}), name)
        for name, values in coordinates.items():
            same(data[name][...], values, f"{path.name}: {name} by netCDF4")
            attributes(data[name].__dict__, more.get(name, {}), name)
    for engine in ("netcdf4", "h5netcdf"):
        with xarray.open_dataset(path, engine=engine, decode_times=False) as data:
            for name, (dimensions, values) in variables.items():
                assert data[name].dims == dimensions
                assert set(data[name].coords) >= set(dimensions) | {"step", "cycle"}, data[name].coords
                same(data[name].values, values, f"{path.name}: {name} by xarray with {engine}")
            for name, values in coordinates.items():
                same(data[name].values, values, f"{path.name}: {name} by xarray with {engine}")
    with h5py.File(path) as data:
        for name, (dimensions, values) in variables.items():
            assert tuple(d[0].name.lstrip("/") for d in data[name].dims) == dimensions
            same(data[name][...], values, f"{path.name}: {name} by h5py")


def vtkhdf(path, variables, times, count, origin, spacing, **more):
    """`variables`: name -> values [t, z, y, x] without the slowest axes of one point; `count`, `origin`, `spacing` in the order x, y, z."""
    with h5py.File(path) as data:
        root = data["VTKHDF"]
        assert root.attrs["Type"] == b"ImageData" and root.attrs["Version"].tolist() == [2, 0]
        same(root["Steps/Values"][...], times, f"{path.name}: times by h5py")
        attributes(data.attrs, more.get("run", {}), path.name)
        for name, values in variables.items():
            same(root["PointData"][name][...], values, f"{path.name}: {name} by h5py")
            attributes(root["PointData"][name].attrs, more.get(name, {}), name)
    reader = vtk.vtkHDFReader()
    assert reader.CanReadFile(str(path)), path
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    known = reader.GetOutputInformation(0).Get(vtk.vtkStreamingDemandDrivenPipeline.TIME_STEPS())
    same(known, times, f"{path.name}: times by VTK")
    for step, time in enumerate(times):
        reader.UpdateTimeStep(time)
        image = reader.GetOutputDataObject(0)
        assert image.GetClassName() == "vtkImageData" and image.GetDimensions() == tuple(count), image
        same(image.GetOrigin(), origin, f"{path.name}: origin by VTK")
        same(image.GetSpacing(), spacing, f"{path.name}: spacing by VTK")
        for name, values in variables.items():
            found = vtk_to_numpy(image.GetPointData().GetArray(name))
            same(found, values[step].ravel(), f"{path.name}: {name} at step {step} by VTK")


def query(path, values, depth, y):
    """The answers at all grid points of a variable [t, z, y, x], in that order."""
    global compared
    with open(path, newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["t", "depth", "y", "x", "energy"], lines[0]
    table = np.array(lines[1:], dtype=float)
    t, z, y, x = np.meshgrid(TIMES, depth, y, np.arange(values.shape[3]), indexing="ij")
    same(table[:, :4], np.stack([t, z, y, x], -1).reshape(-1, 4), f"{path.name}: points")
    error = np.abs(table[:, 4] - values.ravel()).max()
    assert error < 1e-6, f"{path.name}: off by {error}"
    compared += values.size


def check(folder):
    density, energy, height = (np.load(folder / f"rich-{name}.npy") for name in ("gas_density", "energy", "time"))
    assert np.isnan(density).sum() == 3 * len(TIMES) and energy.dtype == np.float64
    grid, index = ("time_2", "depth", "y", "x"), np.arange
    netcdf(folder / "rich.nc",
           {"gas_density": (grid, density), "energy": (grid, energy), "time": (("time_2", "y_2", "x"), height)},
           {"time_2": TIMES, "depth": DEPTH, "y": Y, "x": index(8.0), "y_2": index(6.0), "step": index(5),
            "cycle": 100 * index(5)},
           run=RUN, gas_density=DENSITY, depth={"units": "m"}, y={"units": "km", "axis": "Y"},
           time_2={"units": RUN["time_units"], "standard_name": "time", "axis": "T"})
    with xarray.open_dataset(folder / "rich.nc") as data:
        same(data.time_2.values[-1], np.datetime64("2000-01-01T00:00:08", "ns"), "a time with units")
    vtkhdf(folder / "rich.vtkhdf", {"gas_density": density, "energy": energy}, TIMES, (8, 6, 4), (0.0, 10.0, 0.0),
           (1.0, -0.5, 1.0), run=RUN, gas_density=DENSITY)
    query(folder / "answers.csv", energy, DEPTH, Y)

    # Every second step, a part of the grid, in single precision.
    part = np.load(folder / "part-energy.npy")
    same(part, energy[1:4:2, 1::2, ::3, 4:].astype(np.float32), "a part")
    netcdf(folder / "part.nc", {"energy": (("time", "depth", "y", "x"), part)},
           {"time": [0.5, 4.5], "depth": [1.0, 7.0], "y": [10.0, 8.5], "x": [4.0, 5.0, 6.0, 7.0], "step": [1, 3]})

    # What compress makes of files: one variable, even axes; a plane; a line.
    for name, count, origin, spacing in [("cube", (14, 12, 10), (10.0, 1.0, 0.0), (2.0, 1.0, 0.5)),
                                         ("plane", (14, 12, 1), (10.0, 1.0, 0.0), (2.0, 1.0, 1.0)),
                                         ("line", (14, 1, 1), (10.0, 0.0, 0.0), (2.0, 1.0, 1.0))]:
        values, times = np.load(folder / f"{name}-decoded.npy"), [1.5, 1.75, 2.0, 2.25]
        letters = "zyx"[4 - values.ndim:]
        at = {letter: o + s * np.arange(n) for letter, o, s, n in zip("xyz", origin, spacing, count)}
        netcdf(folder / f"{name}.nc", {name: (("time", *letters), values)},
               {"time": times, **{letter: at[letter] for letter in letters}})
        vtkhdf(folder / f"{name}.vtkhdf", {name: values.squeeze()}, times, count, origin, spacing)


    # Planes and points of the cube.
    values = np.load(folder / "cube-decoded.npy")
    for name, part, count, origin in [("xy", np.s_[:, 3], (14, 12, 1), (10.0, 1.0, 1.5)),
                                      ("xz", np.s_[:, :, 2], (14, 1, 10), (10.0, 3.0, 0.0)),
                                      ("yz", np.s_[:, :, :, 1:2], (1, 12, 10), (12.0, 1.0, 0.0)),
                                      ("column", np.s_[:, 3, :, 1:2], (1, 12, 1), (12.0, 1.0, 1.5)),
                                      ("point", np.s_[:, 3, 2, 1:2], (1, 1, 1), (12.0, 3.0, 1.5))]:
        vtkhdf(folder / f"{name}.vtkhdf", {"cube": values[part]}, [1.5, 1.75, 2.0, 2.25], count, origin, (2.0, 1.0, 0.5))


def show(path):
    if path.suffix == ".nc":
        with xarray.open_dataset(path) as data:
            print(data)
        return
    with h5py.File(path) as data:
        data.visititems(lambda name, item: print(name, item, dict(item.attrs)))


def main():
    arguments = sys.argv[1:]
    if arguments[:1] == ["--check"] and len(arguments) == 2:
        check(pathlib.Path(arguments[1]))
        print(f"{compared} values and attributes are the same: h5py {h5py.__version__}, netCDF4 {netCDF4.__version__}, "
              f"xarray {xarray.__version__}, VTK {vtk.vtkVersion.GetVTKVersion()}")
    elif arguments and not arguments[0].startswith("-"):
        for path in arguments:
            show(pathlib.Path(path))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
