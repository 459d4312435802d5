"""Archives to read, made once."""

import os
import pathlib
import shutil
import subprocess

import numpy as np
import pytest

import limbeck

from fields import QUICK, field


@pytest.fixture(scope="session")
def data():
    """Two variables on different grids."""
    return {"density": field((6, 8, 10, 12)), "pressure": field((6, 5, 7), 1.0, np.float64)}


@pytest.fixture(scope="session")
def run(data, tmp_path_factory):
    """Their archive, `run.lbk`, with its journal `run.lbk.d` beside it."""
    path = tmp_path_factory.mktemp("run") / "run.lbk"
    attributes = {
        "title": "two waves",
        "number": 7,
        "gamma": 1.4,
        "gravity": [0.0, 0.0, -9.81],
        "density": {"units": "kg m-3", "long_name": "mass density"},
    }
    coordinates = {
        "density": {"z": limbeck.Uniform(-1.0, 0.5), "y": None, "x": np.linspace(0, 1, 12) ** 2},
        "pressure": [limbeck.Axis(limbeck.Uniform(3.0, -0.25), "depth", "m"), None],
    }
    times = [0.0, 0.5, 1.0, 2.0, 3.0, 5.0]
    archive = limbeck.compress(
        data, path, ratio=3, attributes=attributes, coordinates=coordinates, times=times, teacher_key_interval=1, **QUICK
    )
    archive.close()
    return path


@pytest.fixture
def archive(run):
    with limbeck.open(run) as opened:
        yield opened


@pytest.fixture
def broken(run, tmp_path):
    """A copy of the run to be damaged: the path of its archive."""
    shutil.copytree(f"{run}.d", tmp_path / "run.lbk.d")
    return pathlib.Path(shutil.copy(run, tmp_path / "run.lbk"))


@pytest.fixture(scope="session")
def program():
    """Runs the program limbeck."""
    path = os.environ.get("LIMBECK") or shutil.which("limbeck")
    if not path or not os.path.exists(path):
        pytest.skip("the program limbeck is not there: name it in LIMBECK")

    def call(*arguments):
        subprocess.run([path, *map(str, arguments)], check=True, capture_output=True)

    return call
