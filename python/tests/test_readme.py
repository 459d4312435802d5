"""What README.md shows works."""

import pathlib
import re

import pytest


def test_the_examples_of_the_readme(tmp_path, monkeypatch, capsys):
    pytest.importorskip("xarray")
    pytest.importorskip("dask")
    text = (pathlib.Path(__file__).parents[1] / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 3
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks:
        exec(block, names)
    shown = re.search(r"# (<limbeck.Variable .*>)", text).group(1)
    assert capsys.readouterr().out.strip() == shown
    assert names["plane"].shape == (20, 24) and names["coarse"].shape == (6, 4, 5, 6)
    assert names["values"].shape == (2,) and names["rates"].shape == (2, 4) and names["mean"].shape == (3,)
