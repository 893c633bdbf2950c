"""The files beside an ONNX file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx_graphs import graph, saved

from toolkit.backends.onnx_external import onnx_files
from toolkit.errors import BadInput


def model(name: str = "w") -> onnx.ModelProto:
    weight = numpy_helper.from_array(np.ones((3, 2, 3, 3), np.float32), name)
    return graph([helper.make_node("Conv", ["x", name], ["y"])], [weight])


def test_a_file_that_holds_everything(tmp_path: Path):
    assert onnx_files(saved(model(), tmp_path)) == (tmp_path / "net.onnx",)
    assert onnx_files(saved(model("location"), tmp_path)) == (tmp_path / "net.onnx",)


def test_weights_beside_it_whether_there_or_not(tmp_path: Path):
    path = tmp_path / "net.onnx"
    onnx.save_model(model(), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    assert onnx_files(path) == (path, tmp_path / "w.bin")
    (tmp_path / "w.bin").unlink()
    assert onnx_files(path) == (path, tmp_path / "w.bin")


@pytest.mark.parametrize("where", ["../w.bin", "/etc/passwd", "a/../../w.bin", "a\0b"])
def test_a_file_outside_the_folder_is_refused(where: str, tmp_path: Path):
    path = tmp_path / "net.onnx"
    onnx.save_model(model(), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    wrong = onnx.load_model(path, load_external_data=False)
    wrong.graph.initializer[0].external_data[0].value = where
    with pytest.raises(BadInput, match=r"CTK517 .*outside its own folder"):
        onnx_files(saved(wrong, tmp_path))
