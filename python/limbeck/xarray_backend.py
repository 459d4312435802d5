"""xarray's backend: ``xarray.open_dataset("run.lbk")`` gives a lazy dataset."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray
from xarray.backends import BackendArray, BackendEntrypoint
from xarray.core import indexing

from .archive import open

if TYPE_CHECKING:
    from typing import Iterable

    from .archive import Archive
    from .variable import Variable


class LimbeckBackend(BackendEntrypoint):
    """Opens limbeck's archives and unfinished runs.

    Dimensions are time and the axes of the variables; an axis that differs between variables has the name of its variable
    behind it. Chunked by step, where dask is asked for.
    """

    description = "Open limbeck's archives (run.lbk) and unfinished runs (run.lbk.d)"
    open_dataset_parameters = ("filename_or_obj", "drop_variables")

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        if not isinstance(filename_or_obj, (str, os.PathLike)):
            return False
        return os.fspath(filename_or_obj).rstrip("/").endswith((".lbk", ".lbk.d"))

    def open_dataset(
        self, filename_or_obj: Any, *, drop_variables: str | Iterable[str] | None = None
    ) -> xarray.Dataset:
        archive = open(filename_or_obj)
        dropped = {drop_variables} if isinstance(drop_variables, str) else set(drop_variables or ())
        grid = _Grid(archive)
        arrays: dict[str, xarray.Variable] = {}
        for name, variable in archive.items():
            if name not in dropped:
                dims = grid.dims(variable)
                encoding = {"preferred_chunks": dict(zip(dims, (1, *variable.shape[1:])))}
                lazy = indexing.LazilyIndexedArray(_Lazy(variable))
                arrays[name] = xarray.Variable(dims, lazy, dict(variable.attributes), encoding)
        coordinates = {name: c for name, c in grid.coordinates.items() if name not in dropped}
        dataset = xarray.Dataset(arrays, coordinates, dict(archive.attributes))
        dataset.set_close(archive.close)
        return dataset


class _Lazy(BackendArray):
    def __init__(self, variable: Variable) -> None:
        self.variable = variable
        self.shape = variable.shape
        self.dtype = variable.dtype

    def __getitem__(self, key: Any) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self.variable.read)


class _Grid:
    """Dimensions, and the coordinates along them."""

    def __init__(self, archive: Archive) -> None:
        self.coordinates: dict[str, xarray.Variable] = {}
        self._taken: dict[str, Any] = {}
        self._names = set(archive)

    def dims(self, variable: Variable) -> tuple[str, ...]:
        """Names of the dimensions of a variable. Their coordinates are there from then on."""
        steps = variable.steps
        dims = [self._dim("time", variable, ("steps", steps.tobytes()), variable.times, {})]
        for usual, axis, n in zip(variable.dims[1:], variable.axes, variable.shape[1:]):
            values = None if axis.points is None else axis.coordinates(n)
            attributes = {"units": axis.units} if axis.units else {}
            same = (n, axis.units, None if values is None else values.tobytes())
            dims.append(self._dim(usual, variable, same, values, attributes))
        return tuple(dims)

    def _dim(self, usual: str, variable: Variable, same: Any, values: Any, attributes: dict[str, str]) -> str:
        """The dimension of this name if it is the `same`, else one that has the variable's name in its own."""
        name = usual
        if name in self._names or self._taken.setdefault(name, same) != same:
            name = f"{usual}_{variable.name}"
            self._taken[name] = same
        if values is not None:
            self.coordinates[name] = xarray.Variable((name,), np.asarray(values), attributes)
        return name
