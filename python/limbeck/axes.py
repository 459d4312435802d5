"""Where grid points lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Mapping, NamedTuple, Sequence, Union

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._limbeck import _AxisParts


class Uniform(NamedTuple):
    """Evenly spaced grid points: point i lies at ``origin + i * spacing``."""

    origin: float
    """Coordinate of the first grid point."""
    spacing: float = 1.0
    """Distance between neighbours; not 0, may be negative."""


@dataclass(frozen=True, eq=False)
class Axis:
    """One axis of a variable."""

    points: Union[None, Uniform, NDArray[np.float64]] = None
    """Where the grid points lie: None if nobody said (the index is the coordinate), `Uniform`, or one number for each,
    rising or falling."""
    name: str = ""
    """Name of the axis, "" if it has none."""
    units: str = ""
    """Units of the coordinates, "" if they have none."""

    def coordinates(self, n: int) -> NDArray[np.float64]:
        """Coordinates of the first `n` grid points, shape (n,), in the axis's units."""
        if self.points is None:
            return np.arange(n, dtype=np.float64)
        if isinstance(self.points, Uniform):
            return self.points.origin + self.points.spacing * np.arange(n, dtype=np.float64)
        return np.array(self.points[:n], dtype=np.float64)


def from_parts(parts: _AxisParts) -> Axis:
    """An axis as the native half describes it."""
    name, units, uniform, points = parts
    if uniform is not None:
        return Axis(Uniform(*uniform), name, units)
    return Axis(None if points is None else np.array(points, dtype=np.float64), name, units)


def to_parts(axis: Axis) -> _AxisParts:
    """An axis as the native half takes it."""
    if isinstance(axis.points, Uniform):
        return axis.name, axis.units, (float(axis.points.origin), float(axis.points.spacing)), None
    return axis.name, axis.units, None, None if axis.points is None else [float(x) for x in axis.points]


AxisLike = Union[None, Uniform, Axis, "ArrayLike"]
"""What may be said about an axis: nothing, `Uniform`, an `Axis`, or one coordinate for each grid point."""


def axes_of(given: Union[Mapping[str, AxisLike], Sequence[AxisLike]], shape: Sequence[int], variable: str) -> list[Axis]:
    """The axes of a variable of this shape as a user described them: by name or not, slowest first."""
    named = list(given.items()) if isinstance(given, Mapping) else [("", one) for one in given]
    if len(named) != len(shape):
        raise ValueError(
            f"coordinates describe {len(named)} axes, but {variable!r} has {len(shape)}: give one for each, slowest "
            "first, and None for an axis without coordinates"
        )
    return [_axis(name, one, n, variable) for (name, one), n in zip(named, shape)]


def _axis(name: str, given: AxisLike, n: int, variable: str) -> Axis:
    described = given if isinstance(given, Axis) else None
    where = described.points if described else given
    name, units = (described.name or name, described.units) if described else (name, "")
    if where is None or isinstance(where, Uniform):
        return Axis(where, name, units)
    points = np.asarray(where, dtype=np.float64)
    if points.shape != (n,):
        raise ValueError(
            f"an axis of {variable!r} with {n} grid points was given coordinates of shape {points.shape}: give {n} "
            "numbers, or limbeck.Uniform(origin, spacing)"
        )
    return Axis(points, name, units)
