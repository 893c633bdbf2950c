"""The stages of a picture end to end with a small network in onnxruntime."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image
from skimage.color import lab2rgb, rgb2lab

from benchmarks.harness.batches import batch_pipeline
from benchmarks.harness.picture_pipeline import picture_pipeline
from benchmarks.harness.stage_timing import durations_ns, time_block
from toolkit.backends.opening import load
from toolkit.errors import BadInput, UsageFault
from toolkit.presets.registry import preset_named


def saved_network(folder: Path, outputs: tuple[str, ...] = ("ab",), channels: int = 2):
    """Gives 0 everywhere for every picture: a strided 1×1 convolution with zero weights."""
    weights = onnx.numpy_helper.from_array(np.zeros((channels, 1, 1, 1), np.float32), "w")
    nodes = [helper.make_node("Conv", ["l", "w"], [name], strides=[4, 4]) for name in outputs]
    body = helper.make_graph(
        nodes,
        "grey",
        [helper.make_tensor_value_info("l", TensorProto.FLOAT, [1, 1, 32, 32])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, 8, 8]) for name in outputs],
        [weights],
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = folder / "grey.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def photograph() -> bytes:
    y, x = np.mgrid[0:40, 0:60]
    rgb = np.stack([4 * x, 6 * y, 128 + 0 * x], axis=-1).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_network_without_colour_gives_the_grey_of_the_lightness(tmp_path: Path):
    with load(saved_network(tmp_path), threads=1) as session:
        pipeline = picture_pipeline(session, preset_named("exact", net_size=(32, 32)))
        decoded = pipeline.decode(photograph())
        coded = pipeline.encode(pipeline.post(pipeline.infer(pipeline.pre(decoded))))
    with Image.open(io.BytesIO(coded)) as image:
        found = np.asarray(image)
    assert found.shape == (40, 60, 3)
    assert (np.ptp(found.astype(int), axis=2) == 0).all()
    grey = rgb2lab(decoded) * [1, 0, 0]
    assert np.abs(found - 255 * lab2rgb(grey)).max() < 1


def test_all_stages_are_timed(tmp_path: Path):
    with load(saved_network(tmp_path), threads=1) as session:
        pipeline = picture_pipeline(session, preset_named("exact", net_size=(32, 32)), suffix=".jpg")
        taken = durations_ns(time_block(pipeline, [photograph()] * 3))
    assert all(len(stage) == 3 and stage.min() > 0 for stage in taken.values())


def test_an_artifact_with_two_outputs_is_refused(tmp_path: Path):
    with (
        load(saved_network(tmp_path, ("ab", "other"))) as session,
        pytest.raises(BadInput, match=r"CTK516 .*outputs ab, other"),
    ):
        picture_pipeline(session, preset_named("exact"))


@pytest.mark.parametrize("name", ["ascend-py", "ascend-cpp", "opencv-py", "omz-demo", "caffe-release"])
def test_every_preset_passes_through_the_same_stages(name: str, tmp_path: Path):
    preset = preset_named(name, net_size=(32, 32))
    network = saved_network(tmp_path, channels={"ab": 2, "bins": 313}[preset.head])
    with load(network, threads=1) as session:
        pipeline = picture_pipeline(session, preset, mean=preset.mean)
        decoded = pipeline.decode(photograph())
        coded = pipeline.encode(pipeline.post(pipeline.infer(pipeline.pre(decoded))))
    with Image.open(io.BytesIO(coded)) as image:
        found = np.asarray(image).astype(int)
    assert (np.ptp(found, axis=2) <= 1).all()  # no colour came from the network
    original = preset_named("exact").decode(photograph(), "p")
    light = rgb2lab(original)[..., 0]
    if name == "omz-demo":  # the lightness of the weighted grey (BT.601), not of the colours
        light = rgb2lab(np.repeat(original @ [[0.299], [0.587], [0.114]] / 255, 3, axis=2))[..., 0]
    grey = np.stack([light, 0 * light, 0 * light], axis=-1)
    assert np.abs(found - 255 * lab2rgb(grey)).max() < 2


def test_a_network_that_the_preset_is_not_for_is_refused(tmp_path: Path):
    with load(saved_network(tmp_path), threads=1) as session:
        with pytest.raises(UsageFault, match=r"CTK601 the preset omz-demo needs .*'bins', not 'ab'"):
            picture_pipeline(session, preset_named("omz-demo"))
        with pytest.raises(UsageFault, match=r"CTK601 the preset ascend-py needs .*'outside', not 'inside'"):
            picture_pipeline(session, preset_named("ascend-py"), mean="inside")
    with (
        load(saved_network(tmp_path, channels=313), threads=1) as session,
        pytest.raises(UsageFault, match=r"CTK601 .*'ab', not 'bins'"),
    ):
        picture_pipeline(session, preset_named("exact"))


def test_each_picture_of_a_mixed_folder_keeps_its_format(tmp_path: Path):
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(photograph())) as image:
        image.save(buffer, "JPEG")
    files = [photograph(), buffer.getvalue(), photograph()]
    with load(saved_network(tmp_path), threads=1) as session:
        preset = preset_named("exact", net_size=(32, 32))
        one = picture_pipeline(session, preset, suffix=None)
        alone = [one.encode(one.post(one.infer(one.pre(one.decode(data))))) for data in files]
        prepared = batch_pipeline(session, preset, 3, mean=None)
        together = prepared.encode(prepared.decode(files))
    for coded in (alone, together):
        formats = [Image.open(io.BytesIO(data)).format for data in coded]
        assert formats == ["PNG", "JPEG", "PNG"]
