"""The reader plugin for ParaView: ``python -m limbeck.paraview`` prints the path that ParaView's plugin manager is to load;
`load` loads it from a script, or in ParaView's Python shell."""

import inspect
from pathlib import Path

PLUGIN = Path(__file__).with_name("limbeck_reader.py")
"""Path of the plugin."""


def load() -> None:
    """Loads the plugin; from then on ``paraview.simple.LimbeckReader`` is there, and opens .lbk files."""
    from paraview import simple

    if not hasattr(inspect, "getargspec"):
        # ParaView up to 5.11 cannot load any plugin of Python without it, and Python 3.11 has it no more.
        inspect.getargspec = inspect.getfullargspec  # type: ignore[attr-defined]
    simple.LoadPlugin(str(PLUGIN), remote=False, ns=vars(simple))
