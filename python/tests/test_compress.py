"""Arrays into archives."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import limbeck

from fields import QUICK, field


def psnr(found, true):
    error = np.mean((found.astype(np.float64) - true) ** 2)
    return 10 * np.log10(np.ptp(true.astype(np.float64)) ** 2 / error)


def test_an_array_comes_back(tmp_path):
    data = field((5, 12, 12, 12))
    path = tmp_path / "run.lbk"
    with limbeck.compress(data, path, ratio=8, teacher_samples=300000, student_samples=600000) as a:
        assert a.path == str(path) and list(a) == ["data"]
        assert a["data"].shape == data.shape and a["data"].dtype == np.float32
        assert a.times.tolist() == [0, 1, 2, 3, 4]
        assert data.nbytes / path.stat().st_size > 7.9
        assert psnr(a["data"][...], data) > 30


def test_a_bound_holds(tmp_path):
    data = field((4, 9, 10))
    with limbeck.compress(data, tmp_path / "run.lbk", max_error=1e-3, name="u", **QUICK) as a:
        assert np.abs(a["u"].read(dtype=np.float64) - data).max() <= 1e-3


def test_a_psnr_is_reached(tmp_path):
    data = field((4, 9, 10), dtype=np.float64)
    with limbeck.compress(data, tmp_path / "run.lbk", psnr=50, **QUICK) as a:
        assert a["data"].dtype == np.float64
        assert psnr(a["data"][...], data) >= 50


@pytest.mark.parametrize(
    "laid_out",
    [
        np.asfortranarray,
        lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
        lambda a: a[:, ::-1].copy()[:, ::-1],
        lambda a: a.transpose(0, 2, 1).copy().transpose(0, 2, 1),
        lambda a: a.astype(a.dtype.newbyteorder()),
        list,
        iter,
        lambda a: ({"data": step} for step in a),
        lambda a: {"data": a},
        lambda a: {"data": list(a)},
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layouts_do_not_matter(tmp_path, laid_out, dtype):
    data = field((3, 6, 7), dtype=dtype)
    with limbeck.compress(laid_out(data), tmp_path / "run.lbk", max_error=0, **QUICK) as a:
        assert a["data"].dtype == dtype
        np.testing.assert_array_equal(a["data"][...], data)


def test_memory_maps(tmp_path):
    np.save(tmp_path / "x.npy", field((3, 6, 7)))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    with limbeck.compress(mapped, tmp_path / "run.lbk", max_error=0, **QUICK) as a:
        np.testing.assert_array_equal(a["data"][...], mapped)


def test_one_axis_in_space(tmp_path):
    data = field((3, 40))
    with limbeck.compress(data, tmp_path / "run.lbk", max_error=0, **QUICK) as a:
        assert a["data"].dims == ("time", "x")
        np.testing.assert_array_equal(a["data"][1, 3:9], data[1, 3:9])


def test_steps_are_asked_for_one_by_one(tmp_path):
    data, asked = field((9, 6, 7)), []

    def steps():
        for t in range(9):
            asked.append(t)
            yield {"a": data[t], "b": data[t, 0].astype(np.float64)}

    stages = []
    with limbeck.compress(
        steps(), tmp_path / "run.lbk", ratio=1, times=(2.0 * t for t in range(9)), progress=lambda *a: stages.append(a), **QUICK
    ) as a:
        assert asked == list(range(9))
        assert a.times.tolist() == [2.0 * t for t in range(9)]
        assert a["b"].shape == (9, 7) and a["b"].dtype == np.float64
    assert {stage for stage, _ in stages} == {"fitting", "distilling"}
    assert all(share is None if stage == "fitting" else 0 <= share <= 1 for stage, share in stages)


def test_shares_rise_to_all_of_it(tmp_path):
    shares = []
    limbeck.compress(field((4, 6, 7)), tmp_path / "run.lbk", ratio=1, progress=lambda *a: shares.append(a), **QUICK)
    fitting = [share for stage, share in shares if stage == "fitting"]
    assert fitting == sorted(fitting) and fitting[-1] <= 1


@pytest.mark.parametrize("at", ["fitting", "distilling"])
def test_an_exception_of_the_callback_ends_it(tmp_path, at):
    def progress(stage, share):
        if stage == at:
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough") as raised:
        limbeck.compress(field((4, 6, 7)), tmp_path / "run.lbk", ratio=1, progress=progress, **QUICK)
    if sys.version_info >= (3, 11):
        assert "4 steps are kept" in raised.value.__notes__[0]
    assert os.listdir(tmp_path) == ["run.lbk.d"]
    with limbeck.compress(field((4, 6, 7)), tmp_path / "run.lbk", ratio=1, open_mode="replace", **QUICK) as a:
        assert len(a.steps) == 4


def test_nan_is_an_option(tmp_path):
    data = field((4, 6, 7))
    data[2, 3, 4] = np.nan
    with pytest.raises(ValueError, match="NaN") as raised:
        limbeck.compress(data, tmp_path / "run.lbk", ratio=1, **QUICK)
    if sys.version_info >= (3, 11):
        assert "2 steps are kept" in raised.value.__notes__[0] and "open_mode='append'" in raised.value.__notes__[0]
    with limbeck.open(tmp_path / "run.lbk.d") as begun:
        assert len(begun.steps) == 2
    with pytest.raises(ValueError, match="exists"):
        limbeck.compress(data, tmp_path / "run.lbk", ratio=1, nonfinite="mask", **QUICK)
    with limbeck.compress(data, tmp_path / "run.lbk", ratio=1, nonfinite="mask", open_mode="replace", **QUICK) as a:
        np.testing.assert_array_equal(np.isnan(a["data"][...]), np.isnan(data))


def test_a_run_goes_on(tmp_path):
    data = field((6, 6, 7))

    def fails():
        yield from data[:4]
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="the disk is gone"):
        limbeck.compress(fails(), tmp_path / "run.lbk", max_error=0, **QUICK)
    with limbeck.compress(data, tmp_path / "run.lbk", max_error=0, open_mode="append", **QUICK) as a:
        np.testing.assert_array_equal(a["data"][...], data)


def test_a_failure_before_the_first_step_leaves_nothing(tmp_path):
    bad = np.full((3, 4, 4), np.nan)
    with pytest.raises(ValueError):
        limbeck.compress(bad, tmp_path / "run.lbk", **QUICK)
    assert os.listdir(tmp_path) == []


def test_an_existing_archive_is_not_overwritten(run):
    before = run.read_bytes()
    with pytest.raises(ValueError, match="exists"):
        limbeck.compress(field((2, 4, 4)), run, **QUICK)
    assert run.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"ratio": 0.1}, ValueError, "target.ratio"),
        ({"ratio": 3, "psnr": 40}, ValueError, "target.psnr"),
        ({"ratio": "many"}, ValueError, "many"),
        ({"efort": 1}, ValueError, 'no option "efort".*effort'),
        ({"target_rato": 1}, ValueError, "target.ratio"),
        ({"queue.policy": "dorp"}, ValueError, "dorp"),
        ({"effort": object()}, TypeError, "option 'effort'"),
        ({"times": [0.0, 1.0]}, ValueError, "2 times for 3 steps"),
        ({"times": iter([0.0, 1.0])}, ValueError, "end before step 2"),
        ({"times": [0.0, np.inf, 2.0]}, ValueError, "finite"),
        ({"attributes": {"a": object()}}, TypeError, '"a".*only text, numbers'),
        ({"attributes": {"a": 1 << 80}}, ValueError, "64 bits"),
        ({"attributes": {"speed": {"units": "m/s"}}}, ValueError, "attributes of 'speed'.*'data'"),
        ({"coordinates": [None]}, ValueError, "describe 1 axes, but 'data' has 2"),
        ({"coordinates": [None, [0.0, 1.0]]}, ValueError, r"4 grid points.*shape \(2,\)"),
        ({"coordinates": [None, [0.0, 1.0, 1.0, 2.0]]}, ValueError, "monotone"),
        ({"coordinates": [None, limbeck.Uniform(0, 0)]}, ValueError, "in steps of 0"),
        ({"name": ""}, ValueError, "name"),
    ],
)
def test_arguments_that_do_not_fit(tmp_path, arguments, kind, words):
    with pytest.raises(kind, match=words):
        limbeck.compress(field((3, 4, 4)), tmp_path / "run.lbk", **{**QUICK, **arguments})
    assert not (tmp_path / "run.lbk").exists()


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (np.zeros((3, 4, 4), np.int32), TypeError, "int32.*astype"),
        (np.zeros((3, 4, 4), complex), TypeError, "complex128"),
        (np.zeros((3, 4, 4), np.float16), TypeError, "float16"),
        (np.zeros(3), ValueError, "1 axes: the steps come first"),
        (np.zeros((1, 1, 1, 1, 1)), ValueError, "5 axes"),
        (np.zeros((0, 4, 4)), ValueError, "no steps"),
        ([], ValueError, "no steps"),
        ({}, ValueError, "no steps"),
        (np.zeros((3, 4, 0)), ValueError, "no values"),
        ([np.zeros((4, 4)), np.zeros((4, 5))], ValueError, r"shape \(4, 5\) at step 1"),
        ([np.zeros((4, 4)), np.zeros((4, 4), np.float32)], ValueError, "float32 .* at step 1"),
        ([{"a": np.zeros((4, 4))}, {"b": np.zeros((4, 4))}], ValueError, "step 1 has the variables"),
        ({"a": np.zeros((3, 4)), "b": np.zeros((2, 4))}, ValueError, "'a' has 3, 'b' has 2"),
        ("run.npy", TypeError, "data is a str"),
        (3, TypeError, "data is a int"),
    ],
)
def test_data_that_does_not_fit(tmp_path, data, kind, words):
    with pytest.raises(kind, match=words):
        limbeck.compress(data, tmp_path / "run.lbk", **QUICK)
    assert not (tmp_path / "run.lbk").exists()


def test_places_that_cannot_be_written(tmp_path):
    with pytest.raises(OSError):
        limbeck.compress(field((2, 4, 4)), tmp_path / "nowhere" / "deep" / "run.lbk", **QUICK)


def interrupted(tmp_path, stage, options):
    """Compresses in another process, and interrupts it when it says that it is at `stage`."""
    code = f"""
    import numpy as np, limbeck, signal
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where this runs in the background
    data = np.random.default_rng(1).normal(size=(40, 16, 16, 16)).astype(np.float32)
    def told(stage, share):
        print(stage, flush=True)
    def steps():
        for i, step in enumerate(data[:{6 if stage == "distilling" else 40}]):
            print("step", i, flush=True)
            yield step
    try:
        limbeck.compress(steps(), {str(tmp_path / "run.lbk")!r}, ratio=10, progress=told, **{options!r})
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    """
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    try:
        for line in child.stdout:
            if line.startswith(stage):
                child.send_signal(signal.SIGINT)
                break
        rest, _ = child.communicate(timeout=300)
    finally:
        child.kill()
    assert rest.rstrip().endswith("interrupted") and child.returncode == 0, rest
    assert not (tmp_path / "run.lbk").exists()


def test_fitting_can_be_interrupted(tmp_path):
    interrupted(tmp_path, "step 8", {"teacher_samples": 1000000})
    with limbeck.open(tmp_path / "run.lbk.d") as begun:
        assert 3 <= len(begun.steps) < 40


def test_distilling_can_be_interrupted(tmp_path):
    # Hours of it, were it not for the interruption.
    interrupted(tmp_path, "distilling", {**QUICK, "student_samples": 10**10})
    with limbeck.open(tmp_path / "run.lbk.d") as begun:
        assert len(begun.steps) == 6
    assert [name for name in os.listdir(tmp_path) if name != "run.lbk.d"] == []
