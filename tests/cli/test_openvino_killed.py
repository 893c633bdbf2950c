"""kill -9 at random moments of a conversion to IR: the old pair, no xml, or the new pair; never a mixed one."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from caffe_samples import caffemodel, input_layer, layer, write_files
from command import environment, leftovers

from toolkit.ir_files import bin_of, check_pair

# Converts two networks to one target in turn, for ever; 8 MB of weights keep the writing long.
PROGRAM = """
import itertools, sys
from pathlib import Path
from converters.onnx_to_openvino import OnnxToOpenvino
from converters.request import ConversionRequest
target, *sources = map(Path, sys.argv[1:])
for turn in itertools.count():
    OnnxToOpenvino().convert(ConversionRequest((sources[turn % 2],), output=target))
    print(turn, flush=True)
"""


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    from converters.caffe_to_onnx import CaffeToOnnx
    from converters.request import ConversionRequest

    net = input_layer(1, 1000) + layer(
        "fc", "InnerProduct", "data", "fc", "inner_product_param { num_output: 2000 }"
    )
    made = []
    for number in (1, 2):
        blobs = [("fc", "InnerProduct", [np.full((2000, 1000), number), np.full(2000, number)])]
        files = write_files(tmp_path / str(number), net, caffemodel(blobs))
        request = ConversionRequest(tuple(f for f in files if f), output=tmp_path / f"{number}.onnx")
        made.append(CaffeToOnnx().convert(request).path)
    return made


@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_at_any_moment(kills: int, sources: list[Path], tmp_path: Path):
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / "net.xml"
    words = [sys.executable, "-c", PROGRAM, str(target), *map(str, sources)]
    chance = random.Random(kills)
    found = []
    for _ in range(kills):
        with subprocess.Popen(
            words, cwd=tmp_path, env=environment(tmp_path / "home"), stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            # What the last kill left was replaced without asking, or there would be no line.
            assert process.stdout.readline() == b"0\n"
            time.sleep(chance.uniform(0, 0.3))
            assert process.poll() is None
            process.send_signal(signal.SIGKILL)
        if target.exists():
            check_pair(target)
            found.append(float(np.fromfile(bin_of(target), np.float32, 1)[0]))
    assert set(found) <= {1.0, 2.0}
    assert len(found) > kills // 4
    from converters.onnx_to_openvino import OnnxToOpenvino
    from converters.request import ConversionRequest

    OnnxToOpenvino().convert(ConversionRequest((sources[0],), output=target))
    check_pair(target)
    assert leftovers(folder) == []
    assert {path.name for path in folder.iterdir()} == {"net.xml", "net.bin", "net.xml.ctk.json"}
