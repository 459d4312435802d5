"""Archives and unfinished runs."""

from __future__ import annotations

import os
from html import escape
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Union

import numpy as np

from ._limbeck import Dataset
from .variable import Variable

if TYPE_CHECKING:
    from numpy.typing import NDArray


def open(path: Union[str, os.PathLike[str]]) -> Archive:
    """Opens an archive (``run.lbk``) or the journal of a run that is not finished (``run.lbk.d``).

    A simulation may still be writing to the run: what is read is how far it was at this moment.

    Raises
    ------
    FileNotFoundError, OSError
        There is no such file, or it cannot be read.
    limbeck.CompatibilityError
        It is no archive, or one of a newer version.
    limbeck.TruncatedError, limbeck.CorruptionError
        It is damaged.
    """
    return Archive(path)


class Archive(Mapping[str, Variable]):
    """An open archive: a mapping from the names of the variables to the variables.

    A context manager; pickled, it becomes its path, and is opened again.
    """

    def __init__(self, path: Union[str, os.PathLike[str]]) -> None:
        self._open: Dataset | None = Dataset(os.path.abspath(os.fspath(path)))
        data = self._open
        self.path: str = os.fspath(data.path)
        """The archive, or the directory of the journal."""
        self.finished: bool = data.finished
        """False for a run that has no archive yet."""
        self.version: str = data.version
        """Version of limbeck that wrote it."""
        self.attributes: Mapping[str, Any] = data.attributes
        """What the user said about the run."""
        kinds = [("index", np.int64), ("cycle", np.int64), ("time", np.float64), ("state", "U12"), ("why", object)]
        self._all_steps = np.array(data.steps, dtype=kinds)
        self._readable = self._all_steps["state"] != "missing"
        self.variables: Variables = Variables(self)
        """The variables by name."""

    @property
    def _data(self) -> Dataset:
        if self._open is None:
            raise ValueError(f"{self.path} is closed: open it again with limbeck.open")
        return self._open

    def _column(self, name: str, which: NDArray[Any]) -> NDArray[Any]:
        column: NDArray[Any] = self._all_steps[name][which]
        return column

    @property
    def steps(self) -> NDArray[np.int64]:
        """Indices of the steps that can be read, shape (t,)."""
        return self._column("index", self._readable)

    @property
    def times(self) -> NDArray[np.float64]:
        """Physical times of the steps that can be read, shape (t,)."""
        return self._column("time", self._readable)

    @property
    def cycles(self) -> NDArray[np.int64]:
        """The simulation's cycle numbers of the steps that can be read, shape (t,)."""
        return self._column("cycle", self._readable)

    @property
    def missing(self) -> dict[int, str]:
        """Steps that cannot be read: their indices, and why."""
        gone = self._all_steps[~self._readable]
        return {int(step["index"]): step["why"] for step in gone}

    @property
    def interpolated(self) -> NDArray[np.int64]:
        """Indices of steps that were lost before the archive was made: what is read is what the network makes of their
        neighbours."""
        return self._column("index", self._all_steps["state"] == "interpolated")

    def __getitem__(self, name: str) -> Variable:
        return self.variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)

    def close(self) -> None:
        """Gives the file back; reading from it is an error from then on."""
        self._open = None

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Two archives are equal if they are one and the same, whatever mappings usually are.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __reduce__(self) -> Any:
        return open, (self.path,)

    def __repr__(self) -> str:
        state = "" if self.finished else ", not finished"
        closed = ", closed" if self._open is None else ""
        head = f"<limbeck.Archive {self.path!r}, {len(self.steps)} steps{state}{closed}>"
        return "\n".join([head, *(f"  {v!r}" for v in self.variables.values())])

    def _repr_html_(self) -> str:
        tables = "".join(v._repr_html_() for v in self.variables.values())
        return f"<p>{escape(self.path)}: {len(self.steps)} steps{'' if self.finished else ', not finished'}</p>{tables}"


class Variables(Mapping[str, Variable]):
    """The variables of an archive by name, in the order of their definition."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._by_name = {parts[0]: Variable(archive, parts) for parts in archive._data.variables}

    def __getitem__(self, name: str) -> Variable:
        try:
            return self._by_name[name]
        except (KeyError, TypeError):
            raise KeyError(self._fault(name)) from None

    def _fault(self, name: object) -> str:
        if not isinstance(name, str):
            return f"variables have names of text, and {name!r} is a {type(name).__name__}"
        try:
            self._archive._data.readable_steps(name)
        except ValueError as fault:
            return str(fault)
        return name

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __repr__(self) -> str:
        return "\n".join(["<limbeck.Variables>", *(f"  {v!r}" for v in self.values())])
