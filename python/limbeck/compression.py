"""Series of steps into archives."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Mapping, Optional, Sequence, Sized, Union

import numpy as np

from ._limbeck import Writer
from .archive import Archive, open
from .axes import Axis, AxisLike, axes_of, to_parts

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Step = Union[ArrayLike, Mapping[str, ArrayLike]]
    Axes = Union[Mapping[str, AxisLike], Sequence[AxisLike]]
    Progress = Callable[[str, Optional[float]], object]


def compress(
    data: Union[ArrayLike, Mapping[str, ArrayLike], Iterable[Step]],
    path: Union[str, os.PathLike[str]],
    *,
    ratio: float | None = None,
    psnr: float | None = None,
    max_error: float | None = None,
    name: str = "data",
    times: Iterable[float] | None = None,
    attributes: Mapping[str, Any] | None = None,
    coordinates: Axes | Mapping[str, Axes] | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Archive:
    """Writes the archive `path` and opens it.

    Parameters
    ----------
    data
        An array of shape (t, z, y, x) or with fewer axes in space; a mapping from names to such arrays; or an iterator of
        steps, which are arrays (z, y, x) or mappings from names to them, and of which a few are in memory at a time.
        float32 or float64, in any order in memory.
    path
        The archive, ``run.lbk``. Its journal is beside it: ``run.lbk.d``.
    ratio, psnr, max_error
        What to aim at, one of them: bytes of the data as float32 over bytes of the archive (1000 if nothing is said); the
        quality in dB; the largest absolute error of any value, in the data's units.
    name
        Name of the variable, where `data` has no names.
    times
        Physical time of each step; 0, 1, 2, ... by default. They must rise for reading by time.
    attributes
        What is to be known about the run: text, numbers, lists of numbers. A mapping as value holds the attributes of the
        variable of that name: ``{"title": "...", "density": {"units": "kg m-3"}}``.
    coordinates
        Where grid points lie: for each axis in space, slowest first, None, ``limbeck.Uniform(origin, spacing)``, one number
        for each grid point, or a ``limbeck.Axis``; or a mapping from the names of the axes to these. For variables on
        different grids, a mapping from the names of the variables to either.
    progress
        Called now and then with a stage, "fitting" or "distilling", and the share of it that is done, 0 to 1 (None where the
        number of steps is not known).
    **options
        Any option that ``limbeck options`` lists, with an underscore instead of the dot: ``nonfinite="mask"`` keeps NaN,
        ``open_mode="replace"`` overwrites, ``"append"`` goes on with a run that was interrupted, ``effort=0.1`` is faster.

    Raises
    ------
    ValueError
        An argument or option is out of its range, steps have different shapes, or there are NaN.
    TypeError
        Values that are neither float32 nor float64.
    OSError
        A file cannot be written.
    KeyboardInterrupt
        Steps that are in the journal stay there, as after any other exception.
    """
    series = _Series(data, name)
    stamps = _stamps(times, series.count)
    aims = {"target.ratio": ratio, "target.psnr": psnr, "target.max_error": max_error}
    given = {**{aim: value for aim, value in aims.items() if value is not None}, **options}
    try:
        first = next(series.steps)
    except StopIteration:
        raise ValueError("there are no steps: nothing was written") from None
    path = os.fspath(path)
    writer = Writer(path, [(key, _option(key, value)) for key, value in given.items()])
    try:
        _define(writer, first, attributes or {}, coordinates)
        watch = None if progress is None else _watch(progress, series.count)
        _feed(writer, first, series.steps, stamps)
        _warn(writer.finish(watch))
    except BaseException as failure:
        # What was handed in is waited for, unless somebody does not want to wait.
        journal = writer.abandon(isinstance(failure, Exception))
        if journal is not None and hasattr(failure, "add_note"):
            with open(journal) as kept:
                failure.add_note(
                    f"{len(kept.steps)} steps are kept in {kept.path}: open_mode='append' goes on with them, 'replace' "
                    "begins anew"
                )
        raise
    return open(path)


class _Series:
    """Steps as mappings from names to arrays in C order, and their number if it is known."""

    def __init__(self, data: Any, name: str) -> None:
        self.count: int | None = None
        if isinstance(data, Mapping):
            self.steps = self._of_arrays(dict(data.items()))
        elif hasattr(data, "shape") and hasattr(data, "ndim"):
            self.steps = self._of_arrays({name: data})
        elif isinstance(data, Iterable) and not isinstance(data, (str, bytes)):
            self.steps = ({key: _values(key, v) for key, v in _named(step, name).items()} for step in data)
        else:
            raise TypeError(
                f"data is a {type(data).__name__}: give an array (t, z, y, x), a mapping from names to arrays, or an "
                "iterator of steps"
            )

    def _of_arrays(self, arrays: Mapping[str, Any]) -> Iterator[dict[str, NDArray[Any]]]:
        arrays = {key: a if hasattr(a, "ndim") else np.asarray(a) for key, a in arrays.items()}
        for key, array in arrays.items():
            if not 2 <= array.ndim <= 4:
                raise ValueError(
                    f"{key!r} has {array.ndim} axes: the steps come first, then one to three axes in space, as in (t, z, y, x)"
                )
        counts = {key: array.shape[0] for key, array in arrays.items()}
        if len(set(counts.values())) > 1:
            text = ", ".join(f"{key!r} has {n}" for key, n in counts.items())
            raise ValueError(f"the variables have different numbers of steps: {text}")
        self.count = next(iter(counts.values()), 0)
        return ({key: _values(key, a[t]) for key, a in arrays.items()} for t in range(self.count))


def _named(step: Any, name: str) -> Mapping[str, Any]:
    return step if isinstance(step, Mapping) else {name: step}


def _values(name: str, values: Any) -> NDArray[Any]:
    """Values of a step in C order and the machine's byte order."""
    array = np.asarray(values)
    if array.dtype.kind != "f" or array.dtype.itemsize not in (4, 8):
        raise TypeError(f"{name!r} has values of {array.dtype}: convert them with astype to float32 or float64")
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")).reshape(array.shape)


def _stamps(times: Iterable[float] | None, count: int | None) -> Iterator[float]:
    if times is None:
        times = iter(range(1 << 62))
    elif count is not None and isinstance(times, Sized) and len(times) != count:
        raise ValueError(f"there are {len(times)} times for {count} steps: give one for each")
    return (float(time) for time in times)


def _define(writer: Writer, first: Mapping[str, NDArray[Any]], attributes: Mapping[str, Any], coordinates: Any) -> None:
    for key, value in attributes.items():
        if not isinstance(value, Mapping):
            writer.attribute(None, key, value)
        elif key not in first:
            raise ValueError(f"there are attributes of {key!r}, but the variables are {', '.join(map(repr, first))}")
    by_variable = isinstance(coordinates, Mapping) and bool(coordinates) and set(coordinates) <= set(first)
    for name, values in first.items():
        variable = writer.define(name, values.dtype.name, values.shape)
        own = attributes.get(name)
        for key, value in own.items() if isinstance(own, Mapping) else ():
            writer.attribute(variable, key, value)
        axes = coordinates.get(name) if by_variable else coordinates
        for i, axis in enumerate(axes_of(axes, values.shape, name) if axes is not None else ()):
            writer.axis(variable, i, to_parts(axis))
    writer.commit()


def _feed(
    writer: Writer,
    first: Mapping[str, NDArray[Any]],
    rest: Iterator[Mapping[str, NDArray[Any]]],
    stamps: Iterator[float],
) -> None:
    step: Mapping[str, NDArray[Any]] | None = first
    number = 0
    while step is not None:
        if step.keys() != first.keys():
            raise ValueError(f"step {number} has the variables {sorted(step)}, and the first has {sorted(first)}")
        for name, values in step.items():
            if (values.shape, values.dtype) != (first[name].shape, first[name].dtype):
                raise ValueError(
                    f"{name!r} is {values.dtype} of shape {values.shape} at step {number}, and {first[name].dtype} of shape "
                    f"{first[name].shape} at the first"
                )
        time = next(stamps, None)
        if time is None:
            raise ValueError(f"the times end before step {number}: give one for each step")
        _warn(writer.step(time, [step[name] for name in first]))
        step = next(rest, None)
        number += 1


def _watch(progress: Progress, count: int | None) -> Callable[[str, float], None]:
    def watch(stage: str, done: float) -> None:
        if stage == "fitting":
            progress(stage, min(done / count, 1.0) if count else None)
        else:
            progress(stage, done)

    return watch


def _warn(texts: Iterable[str]) -> None:
    for text in texts:
        warnings.warn(text, stacklevel=3)


def _option(key: str, value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, os.PathLike):
        return str(os.fspath(value))
    if isinstance(value, (list, tuple, range)):
        return ",".join(str(v) for v in value)
    if isinstance(value, (str, int, float, np.integer, np.floating)):
        return str(value)
    raise TypeError(f"the option {key!r} is a {type(value).__name__}: give text, a number, True or False")
