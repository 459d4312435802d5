"""Archives of simulations, read and written.

>>> import limbeck
>>> with limbeck.open("run.lbk") as run:
...     density = run["density"]
...     plane = density[-1, 32]                      # last step, plane 32: only that is decoded
...     values = density.sample([[3.5, 10, 20, 30]]) # between steps and grid points

``limbeck.compress(array, "run.lbk", ratio=1000)`` writes one.
"""

from ._limbeck import VERSION as __version__
from ._limbeck import CompatibilityError, CorruptionError, Error, TruncatedError
from .archive import Archive, Variables, open
from .axes import Axis, Uniform
from .compression import compress
from .variable import Variable

__all__ = [
    "Archive",
    "Axis",
    "CompatibilityError",
    "CorruptionError",
    "Error",
    "TruncatedError",
    "Uniform",
    "Variable",
    "Variables",
    "__version__",
    "compress",
    "open",
]
