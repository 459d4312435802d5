"""NumPy's basic indexing: what an index asks for, without asking for more."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, NamedTuple, Sequence

if TYPE_CHECKING:
    from typing import Any


class Selection(NamedTuple):
    """Grid points that an index asks for, along each axis."""

    start: list[int]
    """First of them in rising order."""
    size: list[int]
    """Their number."""
    every: list[int]
    """Their distance, at least 1."""
    order: tuple[Any, ...]
    """Index into an array of shape `size` that turns axes round where the index runs backwards, and drops those that
    it names one point of."""


def select(index: Any, shape: Sequence[int], name: str) -> Selection:
    """What `index` asks for of a variable `name` of this shape.

    Raises
    ------
    IndexError
        An index is outside its axis, or there are more of them than axes.
    TypeError
        It is neither a whole number nor a slice nor an Ellipsis.
    """
    selection = Selection([], [], [], ())
    order: list[Any] = []
    for axis, (part, n) in enumerate(zip(_parts(index, len(shape), name), shape)):
        if isinstance(part, slice):
            asked = range(*part.indices(n))
            selection.start.append(asked[-1] if asked.step < 0 and asked else asked.start)
            selection.size.append(len(asked))
            selection.every.append(abs(asked.step))
            order.append(slice(None, None, 1 if asked.step > 0 else -1))
        else:
            position = part + n if part < 0 else part
            if not 0 <= position < n:
                raise IndexError(f"index {part} is out of bounds for axis {axis} of {name!r} with size {n}")
            selection.start.append(position)
            selection.size.append(1)
            selection.every.append(1)
            order.append(0)
    # An empty selection may begin beyond the ends of an axis, where a region may not.
    inside = [max(0, min(s, n - 1)) for s, n in zip(selection.start, shape)]
    return selection._replace(start=inside, order=tuple(order))


def _parts(index: Any, rank: int, name: str) -> list[int | slice]:
    """One number or slice per axis."""
    given = index if isinstance(index, tuple) else (index,)
    ellipses = sum(part is Ellipsis for part in given)
    if ellipses > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if len(given) - ellipses > rank:
        raise IndexError(f"too many indices for {name!r}: it has {rank} axes, and {len(given) - ellipses} were indexed")
    if not ellipses:
        given += (Ellipsis,)
    parts: list[int | slice] = []
    for part in given:
        if part is Ellipsis:
            parts += [slice(None)] * (rank - len(given) + 1)
        else:
            parts.append(part if isinstance(part, slice) else _number(part, name))
    return parts


def _number(part: Any, name: str) -> int:
    kind = type(part).__name__
    if part is None:
        raise TypeError(f"{name!r} cannot be indexed with None: read it first, as in v[...][None]")
    if not isinstance(part, bool) and kind not in ("bool_", "bool"):
        try:
            return operator.index(part)
        except TypeError:
            pass
    hint = "read a box around what you want and index the array that you get, as in v[3, :, 10:20][:, [0, 5]]"
    if isinstance(part, (float, complex)):
        hint = "v.sample(points) gives values between grid points"
    raise TypeError(f"{name!r} is indexed with whole numbers, slices and '...', not with {kind}: {hint}")
