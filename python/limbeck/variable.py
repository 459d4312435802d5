"""One variable of an archive: an array that is decoded where it is asked for."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Mapping

import numpy as np

from .axes import Axis, from_parts
from .indexing import select

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from ._limbeck import _VariableParts
    from .archive import Archive


class Variable:
    """A variable over time and space, shape (t, z, y, x) (or fewer axes in space; x varies fastest).

    Indexing is NumPy's basic indexing, ``v[t, z0:z1, ::2, ...]``, and decodes only what is asked for. The steps are those
    that can be read. May be used from several threads at once.
    """

    def __init__(self, archive: Archive, parts: _VariableParts) -> None:
        name, dtype, shape, attributes, axes = parts
        self._archive = archive
        self._steps = np.array(archive._data.readable_steps(name), dtype=np.int64)
        self._positions = np.searchsorted(archive._all_steps["index"], self._steps)
        self.name: str = name
        """Its name."""
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        """Type of the values that the simulation handed in, and of those that reading gives: float32 or float64."""
        self.attributes: Mapping[str, Any] = attributes
        """What the user said about it: units, long name, anything."""
        self.shape: tuple[int, ...] = (len(self._steps), *shape)
        """Readable steps, then grid points along each axis, slowest first."""
        given = [from_parts(a) for a in axes]
        self.axes: tuple[Axis, ...] = tuple(given) or tuple(Axis() for _ in shape)
        """The axes in space, slowest first."""

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the axes: "time", then the names that the user gave, else z, y, x."""
        return ("time", *(a.name or usual for a, usual in zip(self.axes, "zyx"[3 - len(self.axes) :])))

    @property
    def ndim(self) -> int:
        """Number of axes, time included."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes that all values take when they are decoded."""
        return self.size * self.dtype.itemsize

    @property
    def steps(self) -> NDArray[np.int64]:
        """Indices of the readable steps in the run, shape (t,). Where steps were lost they are not 0, 1, 2, ..."""
        return self._steps.copy()

    @property
    def times(self) -> NDArray[np.float64]:
        """Physical times of the readable steps, shape (t,)."""
        return self._archive._column("time", self._positions)

    @property
    def coordinates(self) -> dict[str, NDArray[np.float64]]:
        """Times and coordinates of the grid points by the names in `dims`, each of shape (n,)."""
        space = zip(self.dims[1:], self.axes, self.shape[1:])
        return {"time": self.times, **{name: axis.coordinates(n) for name, axis, n in space}}

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        return self.read(index)

    def read(self, index: Any = ..., dtype: DTypeLike | None = None) -> Any:
        """Decoded values of ``v[index]``, as float32 or float64 if `dtype` says so.

        Returns an array of the shape that NumPy gives for this index; a scalar if it names one value. Grid points that no
        block covers are NaN.

        Raises
        ------
        IndexError, TypeError
            The index does not fit; the text tells how to ask.
        limbeck.Error
            The file is damaged.
        """
        wanted = self.dtype if dtype is None else _float(dtype)
        selection = select(index, self.shape, self.name)
        out = np.empty(selection.size, dtype=wanted)
        if out.size:
            first, every = selection.start[0], selection.every[0]
            steps = self._steps[first : first + selection.size[0] * every : every]
            place = (selection.start[1:], selection.size[1:], selection.every[1:])
            self._archive._data.read(self.name, steps.tolist(), *place, out)
        return out[selection.order]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError(f"{self.name!r} has to be decoded: an array without a copy of it is not possible")
        values: NDArray[Any] = self.read()
        return values if dtype is None else values.astype(dtype, copy=False)

    def sample(
        self,
        points: ArrayLike,
        space: Literal["index", "physical"] = "index",
        outside: Literal["error", "clamp", "nan"] = "error",
    ) -> NDArray[np.float64]:
        """Values at arbitrary points in time and space.

        The network itself is evaluated between grid points and steps; between steps that are coded apart, values are
        interpolated linearly.

        Parameters
        ----------
        points
            Shape (..., 1 + rank): the time first, then the place, slowest axis first: (t, z, y, x).
        space
            "index": fractional indices, as in ``v[t, z, y, x]``. "physical": times, and coordinates in the units of the
            axes (axes without coordinates count in indices).
        outside
            What becomes of points beyond the first and last step, or more than half a cell beyond the grid: "error",
            "clamp" (the nearest place inside is read), "nan".

        Returns
        -------
        array of float64, shape (...)

        Raises
        ------
        ValueError
            The shape does not fit, or a point lies outside (the first of them is named, and what is inside).
        """
        places, shape = self._points(points, space)
        return self._archive._data.sample(self.name, places, space, outside).reshape(shape)

    def gradient(
        self,
        points: ArrayLike,
        space: Literal["index", "physical"] = "index",
        outside: Literal["error", "clamp", "nan"] = "error",
    ) -> NDArray[np.float64]:
        """Derivatives at arbitrary points, which are given as for `sample`.

        Inside a network they are its own, exact but for rounding; between steps that are coded apart, the derivative by time
        is their difference.

        Returns
        -------
        array of float64, shape (..., 1 + rank)
            The derivative by time first, then by each axis, slowest first: units of the values per unit of the coordinates
            that `space` says (per step and grid point, or per unit of time and of the axes). NaN where there is no value.

        Raises
        ------
        ValueError
            As for `sample`.
        """
        places, shape = self._points(points, space)
        rates = self._archive._data.gradient(self.name, places, space, outside).reshape(*shape, self.ndim)
        if space == "index" and self._gaps and len(self) > 1:
            # From a step of the run to the next that can be read.
            t = np.asarray(points, dtype=np.float64)[..., 0]
            before = np.nan_to_num(np.floor(t)).clip(0, len(self) - 2).astype(np.int64)
            rates[..., 0] *= np.diff(self._steps)[before]
        return rates

    @property
    def _gaps(self) -> bool:
        """Whether positions along the axis of steps are not the steps' indices in the run."""
        return len(self) > 0 and bool(self._steps[-1] != len(self) - 1)

    def _points(self, points: ArrayLike, space: str) -> tuple[NDArray[np.float64], tuple[int, ...]]:
        """The points as rows with the step index of the run first, and the shape that their values have."""
        given = np.asarray(points, dtype=np.float64)
        if given.ndim == 0 or given.shape[-1] != self.ndim:
            names = ", ".join(self.dims)
            raise ValueError(
                f"points have shape {given.shape}: the last axis must have {self.ndim} coordinates ({names})"
            )
        places = np.ascontiguousarray(given.reshape(-1, self.ndim))
        if space == "index" and self._gaps:
            t, last = places[:, 0], len(self) - 1
            beyond = np.minimum(t, 0) + np.maximum(t - last, 0)
            places = places.copy()
            places[:, 0] = np.interp(t, np.arange(last + 1), self._steps) + beyond
        return places, given.shape[:-1]

    def __reduce__(self) -> Any:
        return _reopened, (self._archive, self.name)

    def __repr__(self) -> str:
        shape = ", ".join(f"{dim}: {n}" for dim, n in zip(self.dims, self.shape))
        units = self.attributes.get("units")
        return f"<limbeck.Variable {self.name!r} ({shape}) {self.dtype}{f' [{units}]' if units else ''}>"

    def _repr_html_(self) -> str:
        rows = [("shape", ", ".join(f"{dim}: {n}" for dim, n in zip(self.dims, self.shape))), ("type", str(self.dtype))]
        rows += [(str(key), str(value)) for key, value in self.attributes.items()]
        cells = "".join(f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in rows)
        return f"<table><caption>{escape(self.name)}</caption>{cells}</table>"


def _float(dtype: DTypeLike) -> np.dtype[Any]:
    wanted = np.dtype(dtype)
    if wanted not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise TypeError(f"values are decoded as float32 or float64, not as {wanted}: convert the array that you get")
    return wanted


def _reopened(archive: Archive, name: str) -> Variable:
    return archive[name]
