from __future__ import annotations

import hashlib
import os
import re
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx_samples import run_onnx

from converters.onnx import stream_writer
from converters.onnx.graph import Graph, Initializer, Node, TensorInfo
from converters.onnx.stream_writer import is_ours, write_onnx
from toolkit.errors import EnvironmentFailed


def graph(factor: float = 2.0, size: int = 3) -> Graph:
    """out = data * scale + shift."""
    scale = np.full(size, factor, np.float32)
    shift = np.arange(size, dtype=np.float32)
    return Graph(
        "n",
        13,
        inputs=[TensorInfo("data", ("batch", size))],
        outputs=[TensorInfo("out", ("batch", size))],
        inner=[TensorInfo("mid", ("batch", size))],
        nodes=[
            Node("Mul", "m", ("data", "scale"), ("mid",), {}),
            Node("Add", "a", ("mid", "shift"), ("out",), {}),
        ],
        initializers=[Initializer("scale", scale), Initializer("shift", shift)],
    )


def as_onnx_helper_makes_it(source: Graph, properties: dict[str, str]) -> onnx.ModelProto:
    """The same model built with the onnx package's own helpers."""
    value = onnx.helper.make_tensor_value_info
    body = onnx.helper.make_graph(
        [onnx.helper.make_node(n.op, n.inputs, n.outputs, name=n.name, **n.attributes) for n in source.nodes],
        source.name,
        [value(i.name, onnx.TensorProto.FLOAT, i.dims) for i in source.inputs],
        [value(o.name, onnx.TensorProto.FLOAT, o.dims) for o in source.outputs],
        [onnx.numpy_helper.from_array(np.asarray(i.values), i.name) for i in source.initializers],
        value_info=[value(i.name, onnx.TensorProto.FLOAT, i.dims) for i in source.inner],
    )
    model = onnx.helper.make_model(body, opset_imports=[onnx.helper.make_opsetid("", source.opset)])
    model.ir_version = onnx.helper.find_min_ir_version_for(list(model.opset_import))
    model.producer_name, model.producer_version = "ctk", stream_writer.__version__
    onnx.helper.set_model_props(model, properties)
    return model


@pytest.mark.parametrize("opset", [11, 13, 21])
def test_file_is_what_the_onnx_package_would_make(tmp_path: Path, opset: int):
    source = graph()
    source.opset = opset
    source.nodes.insert(0, Node("LeakyRelu", "r", ("data",), ("unused",), {"alpha": 0.5}))
    (file,) = write_onnx(tmp_path / "x.onnx", source, lambda: {"b": "2", "a": "ü"})
    assert onnx.load(file.path) == as_onnx_helper_makes_it(source, {"b": "2", "a": "ü"})
    onnx.checker.check_model(str(file.path), full_check=True)
    data = file.path.read_bytes()
    assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())


ARRAYS = st.tuples(
    st.lists(st.integers(0, 4), max_size=4),
    st.sampled_from(["<f4", "<f8", "<i8", "<i4", ">f4"]),
    st.booleans(),
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ARRAYS, max_size=4))
def test_initializers_of_any_shape_type_and_layout(tmp_path: Path, arrays: list[tuple[list[int], str, bool]]):
    made = []
    for i, (shape, kind, turned) in enumerate(arrays):
        values = np.arange(int(np.prod(shape)), dtype=kind).reshape(shape)
        made.append(Initializer(f"i{i}", values.T if turned else values))
    source = Graph("n", 13, initializers=made)
    write_onnx(tmp_path / "x.onnx", source, dict)
    found = onnx.load(tmp_path / "x.onnx").graph.initializer
    for theirs, ours in zip(found, made, strict=True):
        array = onnx.numpy_helper.to_array(theirs)
        assert array.shape == ours.values.shape
        assert array.dtype == ours.values.dtype.newbyteorder("=")
        assert np.array_equal(array, ours.values)


def test_metadata_is_asked_for_last(tmp_path: Path):
    seen: list[bool] = []

    def properties() -> dict[str, str]:
        (temporary,) = [p for p in tmp_path.iterdir() if ".ctk-tmp-" in p.name]
        seen.append(temporary.stat().st_size > 100)
        return {"k": "v"}

    write_onnx(tmp_path / "x.onnx", graph(), properties)
    assert seen == [True]


def data_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix == ".data")


def test_external_data_runs_and_is_aligned(tmp_path: Path):
    files = write_onnx(tmp_path / "x.onnx", graph(), dict, external_above=10)
    assert [file.path.name for file in files] == ["x.onnx", *data_files(tmp_path)]
    assert files[1].sha256 == hashlib.sha256(files[1].path.read_bytes()).hexdigest()
    assert re.fullmatch(r"x\.onnx\.[0-9a-f]{16}\.data", files[1].path.name)
    onnx.checker.check_model(str(tmp_path / "x.onnx"), full_check=True)
    bare = onnx.load(tmp_path / "x.onnx", load_external_data=False)
    places = [{e.key: e.value for e in item.external_data} for item in bare.graph.initializer]
    assert [(p["offset"], p["length"]) for p in places] == [("0", "12"), ("4096", "12")]
    assert run_onnx(tmp_path / "x.onnx", {"data": np.ones((2, 3))})["out"].tolist() == [[2, 3, 4]] * 2


def test_old_data_goes_only_after_the_new_file_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = tmp_path / "x.onnx"
    write_onnx(target, graph(2), dict, external_above=10)
    old = data_files(tmp_path)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:  # the end comes when the data is written and the ONNX file is not
        patch.setattr(stream_writer, "_messages", killed)
        with pytest.raises(KeyboardInterrupt):
            write_onnx(target, graph(5), dict, external_above=10)
        assert data_files(tmp_path) == old  # an interrupt takes it away again, a kill cannot
        patch.setattr(stream_writer, "_removed_on_failure", lambda *_: nullcontext())
        with pytest.raises(KeyboardInterrupt):
            write_onnx(target, graph(5), dict, external_above=10)
    assert set(old) < set(data_files(tmp_path))
    assert run_onnx(target, {"data": np.ones((1, 3))})["out"].tolist() == [[2, 3, 4]]

    with monkeypatch.context() as patch:  # the end comes before the old data is removed
        patch.setattr(stream_writer, "_remove_old_data", killed)
        with pytest.raises(KeyboardInterrupt):
            write_onnx(target, graph(5), dict, external_above=10)
    assert run_onnx(target, {"data": np.ones((1, 3))})["out"].tolist() == [[5, 6, 7]]

    write_onnx(target, graph(7), dict, external_above=10)
    assert len(data_files(tmp_path)) == 1
    assert run_onnx(target, {"data": np.ones((1, 3))})["out"].tolist() == [[7, 8, 9]]
    write_onnx(target, graph(7), dict)
    assert data_files(tmp_path) == []


def test_data_files_of_others_stay(tmp_path: Path):
    others = [
        "x.onnx.data",
        "y.onnx.0123456789abcdef.data",
        "x.onnx.0123456789ABCDEF.data",
        "x.onnx.data.bak",
    ]
    for name in others:
        (tmp_path / name).write_bytes(b"mine")
    for limit in (10, 10**6):
        write_onnx(tmp_path / "x.onnx", graph(), dict, external_above=limit)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["x.onnx", *others])
    assert {(tmp_path / name).read_bytes() for name in others} == {b"mine"}


def test_failure_leaves_nothing(tmp_path: Path):
    def properties() -> dict[str, str]:
        raise OSError(28, os.strerror(28))

    with pytest.raises(EnvironmentFailed) as caught:
        write_onnx(tmp_path / "x.onnx", graph(), properties)
    assert caught.value.code == "CTK402"
    assert list(tmp_path.iterdir()) == []


def test_is_ours(tmp_path: Path):
    write_onnx(tmp_path / "x.onnx", graph(), dict)
    assert is_ours(tmp_path / "x.onnx")
    for producer in ("pytorch", "ctk2", ""):
        model = as_onnx_helper_makes_it(graph(), {})
        model.producer_name = producer
        (tmp_path / "y.onnx").write_bytes(model.SerializeToString())
        assert not is_ours(tmp_path / "y.onnx")
    (tmp_path / "y.onnx").write_bytes(b"")
    assert not is_ours(tmp_path / "y.onnx")
    assert not is_ours(tmp_path / "absent")
    assert not is_ours(tmp_path)


def test_new_data_goes_when_the_onnx_file_fails(tmp_path: Path):
    def fail() -> dict[str, str]:
        raise RuntimeError("no metadata")

    with pytest.raises(RuntimeError):
        write_onnx(tmp_path / "x.onnx", graph(5), fail, external_above=10)
    assert list(tmp_path.iterdir()) == []
    write_onnx(tmp_path / "x.onnx", graph(2), dict, external_above=10)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for factor in (5, 2):  # other numbers, and the very ones that the file there needs
        with pytest.raises(RuntimeError):
            write_onnx(tmp_path / "x.onnx", graph(factor), fail, external_above=10)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_data_file_needs_a_name_in_utf8(tmp_path: Path):
    target = tmp_path / os.fsdecode(b"x\xff.onnx")
    with pytest.raises(EnvironmentFailed) as caught:
        write_onnx(target, graph(), dict, external_above=10)
    assert caught.value.code == "CTK401"
    assert list(tmp_path.iterdir()) == []
    write_onnx(target, graph(), dict)
    assert target.is_file()
