"""ParaView's reader, in ParaView: `pvbatch check_reader.py LIMBECK DIRECTORY`, where LIMBECK is the program and DIRECTORY is
for what is written. `ci/paraview` runs it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from paraview import simple
from vtkmodules.numpy_interface.dataset_adapter import WrapDataObject
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkIOImage import vtkPNGReader

import limbeck
import limbeck.paraview

PROGRAM, DIRECTORY = sys.argv[1], Path(sys.argv[2])
TIMES = [0.0, 0.5, 2.0]
EXACT = {"max_error": 0, "open_mode": "replace"}


def field(*shape):
    """Spheres that grow, over (t, z, y, x)."""
    t, *place = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    return (sum(x * x for x in place) - 0.1 * t + 0.01 * place[0]).astype(np.float32)


def fetched(proxy, time=None):
    """The data of a source or filter, and its arrays with the slowest axis first."""
    proxy.UpdatePipeline(time) if time is not None else proxy.UpdatePipeline()
    data = proxy.GetClientSideObject().GetOutputDataObject(0)
    arrays = WrapDataObject(data).PointData
    shape = tuple(n for n in data.GetDimensions()[::-1])
    return data, {name: np.asarray(arrays[name]).reshape(shape) for name in arrays.keys()}


def picture(source, name, time):
    """A contour of `data` in `source`, drawn."""
    view = simple.CreateRenderView(ViewSize=[240, 180], OrientationAxesVisibility=0)
    surface = simple.Contour(Input=source, ContourBy=["POINTS", "density"], Isosurfaces=[0.4])
    simple.Show(surface, view)
    view.ViewTime = time
    view.CameraPosition, view.CameraFocalPoint = [9.0, 12.0, 40.0], [2.0, 1.0, 5.0]
    simple.ResetCamera(view)
    simple.Render(view)
    path = str(DIRECTORY / f"{name}.png")
    simple.SaveScreenshot(path, view)
    simple.Delete(surface)
    simple.Delete(view)
    png = vtkPNGReader()
    png.SetFileName(path)
    png.Update()
    return vtk_to_numpy(png.GetOutput().GetPointData().GetScalars()).astype(int)


def even_axes_are_image_data():
    data = field(3, 9, 12, 15)
    even = [limbeck.Uniform(3.0, 0.5), limbeck.Uniform(-1.0, 0.25), None]
    path = DIRECTORY / "even.lbk"
    limbeck.compress({"density": data, "twice": 2 * data}, path, times=TIMES, coordinates=even, **EXACT)
    reader = simple.OpenDataFile(str(path))
    assert reader.GetXMLName() == "LimbeckReader", "a .lbk file is not opened with the reader"
    assert list(reader.TimestepValues) == TIMES
    image, arrays = fetched(reader, 0.5)
    assert image.GetClassName() == "vtkImageData"
    assert image.GetDimensions() == (15, 12, 9)
    assert image.GetOrigin() == (0.0, -1.0, 3.0) and image.GetSpacing() == (1.0, 0.25, 0.5)
    assert set(arrays) == {"density", "twice"}
    assert arrays["density"].dtype == np.float32 and np.array_equal(arrays["density"], data[1])
    for time, step in [(0.0, 0), (0.4, 0), (0.5, 1), (1.9, 1), (2.0, 2), (9.0, 2), (-1.0, 0)]:
        assert np.array_equal(fetched(reader, time)[1]["twice"], 2 * data[step]), time
    return reader, path


def fewer_points_and_variables(reader):
    data = field(3, 9, 12, 15)
    reader.Variables = ["twice"]
    reader.Every = 4
    image, arrays = fetched(reader, 2.0)
    assert set(arrays) == {"twice"} and np.array_equal(arrays["twice"], 2 * data[2, ::4, ::4, ::4])
    assert image.GetSpacing() == (4.0, 1.0, 2.0) and image.GetOrigin() == (0.0, -1.0, 3.0)
    reader.Variables, reader.Every = ["density", "twice"], 1
    # A filter that asks for a part of it.
    part = simple.ExtractSubset(Input=reader, VOI=[3, 8, 2, 5, 4, 4])
    _, arrays = fetched(part, 0.5)
    assert np.array_equal(arrays["density"], data[1, 4:5, 2:6, 3:9])
    simple.Delete(part)


def pictures_are_those_of_decoded_files(reader, path):
    files = DIRECTORY / "decoded.vti"
    subprocess.run([PROGRAM, "decode", str(path), "-o", str(files), "--quiet"], check=True)
    decoded = simple.PVDReader(FileName=str(files.with_suffix(".pvd")))
    assert list(decoded.TimestepValues) == TIMES
    pictures = [picture(reader, f"reader-{time}", time) for time in TIMES]
    for time, ours in zip(TIMES, pictures):
        assert np.array_equal(ours, picture(decoded, f"decoded-{time}", time)), f"another picture at {time}"
        drawn = np.mean(np.any(ours != ours[0], axis=1))
        assert 0.05 < drawn < 0.95, f"nothing is drawn at {time}: {drawn}"
    assert not np.array_equal(pictures[0], pictures[2]), "all steps look alike"


def uneven_axes_are_a_rectilinear_grid():
    data = field(3, 9, 12, 15)
    z, x = np.linspace(0, 2, 9) ** 2, np.linspace(1, 0, 15) ** 3
    path = DIRECTORY / "uneven.lbk"
    limbeck.compress({"density": data}, path, coordinates=[z, limbeck.Uniform(5.0, -1.0), x], **EXACT)
    reader = simple.OpenDataFile(str(path))
    for every in (1, 2, 5):
        reader.Every = every
        grid, arrays = fetched(reader, 1.0)
        assert grid.GetClassName() == "vtkRectilinearGrid"
        thin = slice(None, None, every)
        ours = [vtk_to_numpy(get()) for get in (grid.GetZCoordinates, grid.GetYCoordinates, grid.GetXCoordinates)]
        # Coordinates rise in VTK: axes that fall are turned round.
        given = [z[thin], (5.0 - np.arange(12.0))[thin][::-1], x[thin][::-1]]
        assert all(np.allclose(a, b) for a, b in zip(ours, given))
        assert np.array_equal(arrays["density"], data[1, thin, thin, thin][:, ::-1, ::-1])
    reader.Every = 1
    part = simple.ExtractSubset(Input=reader, VOI=[3, 8, 2, 5, 4, 6])
    _, arrays = fetched(part, 2.0)
    assert np.array_equal(arrays["density"], data[2, :, ::-1, ::-1][4:7, 2:6, 3:9])


def other_grids_and_planes():
    path = DIRECTORY / "mixed.lbk"
    plane, volume = field(3, 12, 15), field(3, 4, 5, 6)
    limbeck.compress({"plane": plane, "volume": volume}, path, attributes={"title": "mixed", "g": [1.0, 2.0]}, **EXACT)
    reader = simple.LimbeckReader(FileName=str(path))
    image, arrays = fetched(reader, 1.0)
    assert set(arrays) == {"plane"} and image.GetDimensions() == (15, 12, 1)
    assert np.array_equal(arrays["plane"][0], plane[1])
    fields = image.GetFieldData()
    assert fields.GetAbstractArray("title").GetValue(0) == "mixed" and fields.GetArray("g").GetNumberOfTuples() == 2
    reader.Variables = ["volume"]
    image, arrays = fetched(reader, 1.0)
    assert set(arrays) == {"volume"} and np.array_equal(arrays["volume"], volume[1])
    journal = simple.LimbeckReader(FileName=f"{path}.d")
    assert np.array_equal(fetched(journal, 2.0)[1]["plane"][0], plane[2])


def files_that_are_none():
    path = DIRECTORY / "foreign.lbk"
    path.write_text("this is something else, and long enough for a header")
    for name in (path, DIRECTORY / "gone.lbk"):
        reader = simple.LimbeckReader(FileName=str(name))
        reader.UpdatePipeline()
        assert reader.GetClientSideObject().GetOutputDataObject(0).GetNumberOfPoints() == 0


def main():
    limbeck.paraview.load()
    reader, path = even_axes_are_image_data()
    fewer_points_and_variables(reader)
    pictures_are_those_of_decoded_files(reader, path)
    uneven_axes_are_a_rectilinear_grid()
    other_grids_and_planes()
    files_that_are_none()
    print("the reader for ParaView: 6 checks passed", flush=True)


main()
