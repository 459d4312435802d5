"""What an archive says about itself, and who may read it at once."""

import copy
import multiprocessing
import pickle
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import limbeck

from fields import QUICK, field


def test_an_archive_is_a_mapping(archive):
    assert list(archive) == ["density", "pressure"] == list(archive.variables)
    assert len(archive) == 2 and len(archive.variables) == 2
    assert "density" in archive and "velocity" not in archive and 3 not in archive
    assert archive["density"] is archive.variables["density"]
    assert archive.finished and archive.missing == {} and len(archive.interpolated) == 0
    assert archive.path.endswith("run.lbk") and archive.version == limbeck.__version__


def test_steps(archive):
    assert archive.steps.tolist() == [0, 1, 2, 3, 4, 5] == archive.cycles.tolist()
    assert archive.times.tolist() == [0.0, 0.5, 1.0, 2.0, 3.0, 5.0]
    assert (archive.steps.dtype, archive.cycles.dtype, archive.times.dtype) == (np.int64, np.int64, np.float64)
    archive["density"].steps[0] = 9
    archive.steps[0] = 9
    assert archive.steps[0] == 0 and archive["density"].steps[0] == 0


def test_a_variable_describes_itself(archive):
    density, pressure = archive["density"], archive["pressure"]
    assert (density.shape, density.dtype, density.ndim, len(density)) == ((6, 8, 10, 12), np.float32, 4, 6)
    assert (pressure.shape, pressure.dtype) == ((6, 5, 7), np.float64)
    assert density.nbytes == 4 * 6 * 8 * 10 * 12 and pressure.nbytes == 8 * 6 * 5 * 7
    assert density.dims == ("time", "z", "y", "x") and pressure.dims == ("time", "depth", "x")
    assert density.attributes == {"units": "kg m-3", "long_name": "mass density"} and pressure.attributes == {}


def test_attributes_come_back(archive):
    a = archive.attributes
    assert (a["title"], a["number"], a["gamma"]) == ("two waves", 7, 1.4)
    assert isinstance(a["number"], int) and isinstance(a["gamma"], float)
    np.testing.assert_array_equal(a["gravity"], [0, 0, -9.81])


def test_axes_come_back(archive):
    z, y, x = archive["density"].axes
    assert z.points == limbeck.Uniform(-1.0, 0.5) and y.points is None
    np.testing.assert_array_equal(x.points, np.linspace(0, 1, 12) ** 2)
    depth, plain = archive["pressure"].axes
    assert (depth.name, depth.units) == ("depth", "m") and (plain.name, plain.units) == ("", "")
    coordinates = archive["density"].coordinates
    assert list(coordinates) == ["time", "z", "y", "x"]
    np.testing.assert_array_equal(coordinates["z"], -1 + 0.5 * np.arange(8))
    np.testing.assert_array_equal(coordinates["y"], np.arange(10))
    np.testing.assert_array_equal(archive["pressure"].coordinates["depth"], 3 - 0.25 * np.arange(5))


def test_names_are_told_by_the_nearest(archive):
    for mapping in (archive, archive.variables):
        with pytest.raises(KeyError, match='no variable "denisty"; the nearest name is "density"'):
            mapping["denisty"]
        with pytest.raises(KeyError, match="names of text, and 3 is a int"):
            mapping[3]
    assert archive.get("denisty") is None


def test_texts_for_people(archive):
    assert repr(archive["density"]) == "<limbeck.Variable 'density' (time: 6, z: 8, y: 10, x: 12) float32 [kg m-3]>"
    text = repr(archive)
    assert "6 steps" in text and "pressure" in text and "closed" not in text
    html = archive._repr_html_()
    assert html.count("<table>") == html.count("</table>") == 2 and "mass density" in html
    archive.close()
    assert "closed" in repr(archive)


def test_markup_in_names_is_text(tmp_path):
    with limbeck.compress({"<b>": field((2, 4, 4))}, tmp_path / "m.lbk", max_error=0.1, **QUICK) as a:
        assert "<b>" not in a._repr_html_() and "&lt;b&gt;" in a._repr_html_()


def test_a_closed_archive_says_so(run):
    with limbeck.open(run) as archive:
        density = archive["density"]
        density[0]
    for use in (lambda: density[0], lambda: archive["density"][0, 0], lambda: density.sample([[0, 0, 0, 0]])):
        with pytest.raises(ValueError, match="is closed: open it again"):
            use()
    archive.close()


def test_pickles_open_it_again(archive):
    density = archive["density"]
    for again in (pickle.loads(pickle.dumps(density)), copy.deepcopy(density)):
        assert again.name == "density" and again is not density
        np.testing.assert_array_equal(again[2], density[2])
    assert list(pickle.loads(pickle.dumps(archive))) == list(archive)


def test_relative_paths_stay_true(run, monkeypatch, tmp_path):
    monkeypatch.chdir(run.parent)
    pickled = pickle.dumps(limbeck.open("run.lbk"))
    monkeypatch.chdir(tmp_path)
    assert len(pickle.loads(pickled)) == 2


def test_threads_read_the_same(archive):
    density = archive["density"]
    whole = density[...]
    with ThreadPoolExecutor(8) as threads:
        for t, values in enumerate(threads.map(lambda i: density[i % 6, :, i % 10], range(60))):
            np.testing.assert_array_equal(values, whole[t % 6, :, t % 10])


def read_in_child(variable, out):
    out.send(np.asarray(variable[1, 2]).tolist())


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_children_read_too(archive):
    density = archive["density"]
    expected = density[1, 2].tolist()
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=read_in_child, args=(density, there))
    child.start()
    assert here.poll(60), "the child waits for threads that it has not"
    assert here.recv() == expected
    child.join()


def test_others_run_while_values_are_decoded(archive):
    count, stop = 0, threading.Event()

    def others():
        nonlocal count
        while not stop.is_set():
            count += 1

    # As many points as it takes to be at it for a while.
    points = np.random.default_rng(1).uniform(0, 5, (2_000_000, 4))
    thread = threading.Thread(target=others)
    thread.start()
    before = count
    archive["density"].sample(points)
    after = count
    stop.set()
    thread.join()
    # With the lock held, the other thread would have had no turn, or one at the beginning.
    assert after - before > 1000


def test_unfinished_runs_are_read(run, data):
    with limbeck.open(f"{run}.d") as journal:
        assert not journal.finished and "not finished" in repr(journal)
        assert journal.times.tolist() == [0.0, 0.5, 1.0, 2.0, 3.0, 5.0]
        assert np.abs(journal["density"][...] - data["density"]).mean() < 0.5
        assert journal["pressure"].axes[0].name == "depth"


def damage(journal, begin, number):
    """Changes a byte behind the header of a frame that begins like this."""
    content = bytearray(journal.read_bytes())
    frames = [m.start() for m in re.finditer(begin, bytes(content))]
    content[frames[number] + 30] ^= 0xFF
    journal.write_bytes(content)


def test_steps_that_are_damaged_are_refused(broken):
    """Frames of blocks come in the order in which workers are done."""
    damage(broken.parent / "run.lbk.d" / "journal-00000.lbj", rb"LBKF\x03", 4)
    lost = []
    with limbeck.open(f"{broken}.d") as a:
        for name, variable in a.items():
            for t in range(len(variable)):
                try:
                    assert np.isfinite(variable[t]).all()
                except limbeck.CorruptionError as fault:
                    assert f'of "{name}" at step {t} is lost: its frame is damaged' in str(fault)
                    lost.append((name, t))
        [(name, _)] = lost
        with pytest.raises(limbeck.CorruptionError):
            a[name][...]


def test_steps_that_are_lost_are_left_out(broken, data):
    """A damaged frame takes its step with it; positions count the others."""
    journal = broken.parent / "run.lbk.d" / "journal-00000.lbj"
    with limbeck.open(f"{broken}.d") as whole:
        values = whole["density"][...]
    damage(journal, rb"LBKF\x04", 2)  # that step 2 is complete
    with limbeck.open(f"{broken}.d") as a:
        density = a["density"]
        assert a.steps.tolist() == [0, 1, 3, 4, 5] == density.steps.tolist()
        assert list(a.missing) == [2] and a.missing[2]
        assert density.shape[0] == 5 and a.times.tolist() == [0.0, 0.5, 2.0, 3.0, 5.0] == density.times.tolist()
        np.testing.assert_array_equal(density[2:, 1], values[3:, 1])
        np.testing.assert_array_equal(density[-1], values[5])
        found = density.sample([[t, 1, 2, 3] for t in (0, 2, 4, 1.5)])
        expected = values[[0, 3, 5], 1, 2, 3]
        np.testing.assert_allclose(found[:3], expected, rtol=1e-6)
        np.testing.assert_allclose(found[3], (values[1, 1, 2, 3] + values[3, 1, 2, 3]) / 2, rtol=1e-6)
        # By position, of which one lies between steps 1 and 3.
        between = values[3, 1, 2, 3] - values[1, 1, 2, 3]
        np.testing.assert_allclose(density.gradient([[1.5, 1, 2, 3]])[0, 0], between, rtol=1e-5)
        np.testing.assert_allclose(density.sample([[9, 1, 2, 3]], outside="clamp"), values[5, 1, 2, 3], rtol=1e-6)
        with pytest.raises(ValueError, match="outside the steps"):
            density.sample([[4.5, 1, 2, 3]])


def test_reading_can_be_interrupted(run):
    code = f"""
import limbeck, os, signal, threading
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where this runs in the background
v = limbeck.open({str(run)!r})["density"]
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True:
        v[...]
except KeyboardInterrupt:
    print("interrupted")
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert ran.stdout == "interrupted\n", ran.stderr
