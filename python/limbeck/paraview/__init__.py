"""The reader plugin for ParaView: ``python -m limbeck.paraview`` prints the path that ParaView's plugin manager, or
``paraview.simple.LoadPlugin``, is to load."""

from pathlib import Path

PLUGIN = Path(__file__).with_name("limbeck_reader.py")
"""Path of the plugin."""
