"""ParaView's reader of limbeck's archives. ParaView loads this file by its path; its Python is that of ParaView."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from paraview import print_error
from paraview.util.vtkAlgorithm import VTKPythonAlgorithmBase, smdomain, smhint, smproperty, smproxy
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkDataArraySelection, vtkStringArray
from vtkmodules.vtkCommonDataModel import vtkDataObject, vtkImageData, vtkRectilinearGrid
from vtkmodules.vtkCommonExecutionModel import vtkAlgorithm, vtkStreamingDemandDrivenPipeline as pipeline

try:
    import limbeck
except ImportError:
    # Where ParaView was not told of it: beside this file.
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    import limbeck


@smproxy.reader(
    name="LimbeckReader", label="Limbeck Reader", extensions="lbk", file_description="limbeck archives (run.lbk)"
)
class LimbeckReader(VTKPythonAlgorithmBase):
    """Image data where all axes are even, else a rectilinear grid; one point array for each variable."""

    def __init__(self):
        super().__init__(nInputPorts=0, nOutputPorts=1, outputType="vtkDataSet")
        self._path = None
        self._every = 1
        self._archive = None
        # A path that could not be opened: said once.
        self._refused = None
        self._chosen = vtkDataArraySelection()
        self._chosen.AddObserver("ModifiedEvent", lambda *_: self.Modified())

    @smproperty.stringvector(name="FileName")
    @smdomain.filelist()
    @smhint.filechooser(extensions="lbk", file_description="limbeck archives (run.lbk)")
    def SetFileName(self, path):
        if path != self._path:
            self._path, self._archive, self._refused = path, None, None
            self.Modified()

    @smproperty.doublevector(name="TimestepValues", information_only="1", si_class="vtkSITimeStepsProperty")
    def GetTimestepValues(self):
        return None if self._open() is None else self._times().tolist()

    @smproperty.dataarrayselection(name="Variables")
    def GetVariables(self):
        return self._chosen

    @smproperty.intvector(name="Every", default_values=1)
    @smdomain.intrange(min=1, max=16)
    def SetEvery(self, every):
        if every != self._every:
            self._every = max(1, int(every))
            self.Modified()

    def _open(self):
        """The archive; None if there is none to open. Variables on the grid of the first are chosen until somebody chooses
        others."""
        if self._archive is None and self._path and self._path != self._refused:
            try:
                self._archive = limbeck.open(self._path)
            except (limbeck.Error, OSError, ValueError) as fault:
                self._refused = self._path
                print_error(f"limbeck: {fault}")
                return None
            self._chosen.RemoveAllArrays()
            first = None
            for name, variable in self._archive.items():
                first = first or Grid(variable, 1)
                self._chosen.AddArray(name, Grid(variable, 1) == first)
        return self._archive

    def _times(self):
        """Times that ParaView can tell steps by: those of the run, or indices where those do not rise."""
        times = self._archive.times
        return times if np.all(np.diff(times) > 0) else self._archive.steps.astype(np.float64)

    def _variables(self):
        """The grid that is shown, and the chosen variables on it; None if there are none."""
        chosen = [v for name, v in self._open().items() if self._chosen.ArrayIsEnabled(name)]
        if not chosen:
            return None, []
        grid = Grid(chosen[0], self._every)
        return grid, [v for v in chosen if Grid(v, self._every) == grid]

    def RequestDataObject(self, request, inputs, outputs):
        info = outputs.GetInformationObject(0)
        grid = self._variables()[0] if self._open() is not None else None
        wanted = vtkImageData if grid is None or grid.even else vtkRectilinearGrid
        if not isinstance(info.Get(vtkDataObject.DATA_OBJECT()), wanted):
            info.Set(vtkDataObject.DATA_OBJECT(), wanted())
        return 1

    def RequestInformation(self, request, inputs, outputs):
        if self._open() is None:
            return 1
        info = outputs.GetInformationObject(0)
        info.Remove(pipeline.TIME_STEPS())
        info.Remove(pipeline.TIME_RANGE())
        times = self._times()
        for time in times:
            info.Append(pipeline.TIME_STEPS(), time)
        if len(times):
            info.Append(pipeline.TIME_RANGE(), times[0])
            info.Append(pipeline.TIME_RANGE(), times[-1])
        grid, _ = self._variables()
        if grid is not None:
            info.Set(pipeline.WHOLE_EXTENT(), grid.extent, 6)
            info.Set(vtkAlgorithm.CAN_PRODUCE_SUB_EXTENT(), 1)
            if grid.even:
                info.Set(vtkDataObject.ORIGIN(), grid.origin, 3)
                info.Set(vtkDataObject.SPACING(), grid.spacing, 3)
        return 1

    def RequestData(self, request, inputs, outputs):
        info = outputs.GetInformationObject(0)
        output = vtkDataObject.GetData(outputs, 0)
        # What was there for other variables or points would stay.
        output.Initialize()
        archive = self._open()
        if archive is None:
            return 1
        grid, variables = self._variables()
        times = self._times()
        if grid is None or not len(times):
            return 1
        wanted = info.Get(pipeline.UPDATE_TIME_STEP()) if info.Has(pipeline.UPDATE_TIME_STEP()) else times[0]
        # The step at this time, or the last before it, as for any data that does not say how to interpolate.
        step = int(np.clip(np.searchsorted(times, wanted, side="right") - 1, 0, len(times) - 1))
        extent = list(grid.extent)
        if info.Has(pipeline.UPDATE_EXTENT()):
            info.Get(pipeline.UPDATE_EXTENT(), extent)
        grid.describe(output, extent)
        for variable in variables:
            at = np.flatnonzero(variable.steps == archive.steps[step])
            if not len(at):
                print_error(f"limbeck: {variable.name} cannot be read at step {archive.steps[step]}")
                continue
            values = variable[(int(at[0]), *grid.slices(extent))]
            array = numpy_to_vtk(values.ravel(), deep=True)
            array.SetName(variable.name)
            output.GetPointData().AddArray(array)
            if output.GetPointData().GetScalars() is None:
                output.GetPointData().SetActiveScalars(variable.name)
        for name, value in archive.attributes.items():
            output.GetFieldData().AddArray(attribute(name, value))
        output.GetInformation().Set(vtkDataObject.DATA_TIME_STEP(), times[step])
        return 1


class Grid:
    """Where every n-th grid point of a variable lies, as VTK sees it: x first, three axes, coordinates that rise."""

    def __init__(self, variable, every):
        self._axes = []
        points = [(axis.coordinates(n)[::every], axis.points) for axis, n in zip(variable.axes, variable.shape[1:])]
        self.rank = len(points)
        for coordinates, given in reversed(points):
            falls = len(coordinates) > 1 and coordinates[0] > coordinates[-1]
            even = given is None or isinstance(given, limbeck.Uniform)
            self._axes.append((coordinates[::-1] if falls else coordinates, falls, even))
        self._axes += [(np.zeros(1), False, True)] * (3 - self.rank)
        self._every = every
        self.even = all(even for _, _, even in self._axes)
        self.extent = [bound for c, _, _ in self._axes for bound in (0, len(c) - 1)]
        self.origin = [c[0] for c, _, _ in self._axes]
        self.spacing = [(c[-1] - c[0]) / (len(c) - 1) if len(c) > 1 else 1.0 for c, _, _ in self._axes]

    def __eq__(self, other):
        pairs = zip(self._axes, other._axes)
        return self.rank == other.rank and all(np.array_equal(a[0], b[0]) and a[1:] == b[1:] for a, b in pairs)

    def slices(self, extent):
        """The part of a variable that lies in an extent, slowest axis first."""
        slices = []
        for axis in range(self.rank):
            low, high = extent[2 * axis], extent[2 * axis + 1]
            coordinates, falls, _ = self._axes[axis]
            if falls:
                last = len(coordinates) - 1
                first, end = (last - low) * self._every, (last - high) * self._every - 1
                slices.append(slice(first, None if end < 0 else end, -self._every))
            else:
                slices.append(slice(low * self._every, high * self._every + 1, self._every))
        return slices[::-1]

    def describe(self, output, extent):
        """Makes `output` a grid with the points of an extent."""
        output.SetExtent(extent)
        if self.even:
            output.SetOrigin(self.origin)
            output.SetSpacing(self.spacing)
            return
        setters = (output.SetXCoordinates, output.SetYCoordinates, output.SetZCoordinates)
        for axis, (setter, (coordinates, _, _)) in enumerate(zip(setters, self._axes)):
            setter(numpy_to_vtk(coordinates[extent[2 * axis] : extent[2 * axis + 1] + 1].copy(), deep=True))


def attribute(name, value):
    """An attribute of the run as field data."""
    if isinstance(value, str):
        array = vtkStringArray()
        array.InsertNextValue(value)
    else:
        array = numpy_to_vtk(np.atleast_1d(np.asarray(value)), deep=True)
    array.SetName(name)
    return array
