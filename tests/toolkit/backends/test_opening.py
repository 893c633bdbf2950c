"""`toolkit.load` and `open_backend`: what is asked for reaches the backend, and what cannot be is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from plugin_samples import lay_distribution, on_path

import toolkit
from toolkit.backends.opening import open_backend
from toolkit.backends.threads import thread_count
from toolkit.errors import BadInput, CtkError, EnvironmentFailed, UsageFault

ECHO = '''
class Echo:
    """Answers with what it was given."""

    formats = {formats}

    @classmethod
    def load(cls, artifact, *, threads=None, precision="f32", flavour="plain"):
        return artifact, threads, precision, flavour


class Broken(Echo):
    @classmethod
    def load(cls, artifact, *, threads=None):
        raise ZeroDivisionError("by zero")


class Formless:
    pass
'''
PROTOTXT = 'name: "n"\nlayer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }\n'


def identity_onnx(path: Path) -> Path:
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 2)) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", value[:1], value[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Installs the backends `echo`, `broken` and `formless` of another distribution."""

    def install(formats: tuple[str, ...] = ("onnx",), requires: tuple[str, ...] = ()) -> None:
        classes = {"echo": "Echo", "broken": "Broken", "formless": "Formless"}
        lay_distribution(
            tmp_path / "site",
            {"ctk.backends": {name: f"echo_backend:{value}" for name, value in classes.items()}},
            modules={"echo_backend": ECHO.replace("{formats}", repr(formats))},
            requires=requires,
        )
        on_path(tmp_path / "site", monkeypatch, "echo_backend")

    return install


def refused(kind: type[CtkError], code: str, call: Callable[[], object]) -> CtkError:
    with pytest.raises(kind) as caught:
        call()
    assert caught.value.code == code, caught.value
    return caught.value


def test_everything_asked_for_reaches_the_backend(tmp_path: Path, echo: Callable[..., None]):
    echo()
    net = identity_onnx(tmp_path / "net.onnx")
    assert toolkit.load(net, "echo") == (net, None, "f32", "plain")
    assert toolkit.load(str(net), "echo", threads=1, precision="native", flavour="odd") == (
        net, 1, "native", "odd",
    )  # fmt: skip


def test_an_option_that_the_backend_lacks_is_refused(tmp_path: Path, echo: Callable[..., None]):
    echo()
    net = identity_onnx(tmp_path / "net.onnx")
    fault = refused(UsageFault, "CTK604", lambda: toolkit.load(net, "echo", flavor="odd"))
    assert fault.notes == ("did you mean 'flavour'?",)
    fault = refused(UsageFault, "CTK604", lambda: toolkit.load(net, "echo", device="GPU"))
    assert "'device'" in fault.what


def test_an_unknown_backend_is_named_and_the_nearest_suggested(tmp_path: Path):
    net = identity_onnx(tmp_path / "net.onnx")
    fault = refused(UsageFault, "CTK603", lambda: toolkit.load(net, "onnxruntim"))
    assert fault.what == "unknown backend 'onnxruntim'"
    assert fault.notes == ("did you mean 'onnxruntime'?",)


def test_a_word_that_is_neither_file_nor_model(tmp_path: Path, echo: Callable[..., None]):
    echo()
    fault = refused(BadInput, "CTK501", lambda: toolkit.load("colorization-v2-norebl", "echo"))
    assert fault.notes == ("did you mean 'colorization-v2-norebal'?",)
    refused(BadInput, "CTK501", lambda: toolkit.load(tmp_path / "none.onnx", "echo"))
    refused(BadInput, "CTK501", lambda: toolkit.load(str(tmp_path / "none.onnx"), "echo"))
    refused(BadInput, "CTK501", lambda: toolkit.load(tmp_path, "echo"))
    refused(BadInput, "CTK501", lambda: toolkit.load("x" * 5000, "echo"))
    refused(BadInput, "CTK501", lambda: toolkit.load("a\0b", "echo"))


def test_the_format_is_told_by_content_not_by_suffix(tmp_path: Path, echo: Callable[..., None]):
    echo(formats=("openvino", "onnx"))
    disguised = tmp_path / "net.onnx"
    disguised.write_text(PROTOTXT)
    fault = refused(UsageFault, "CTK604", lambda: toolkit.load(disguised, "echo"))
    assert fault.what == "the backend echo does not load the format caffe"
    assert fault.notes == ("it loads: openvino, onnx",)
    net = identity_onnx(tmp_path / "net.prototxt")
    assert open_backend("echo", net)[0] == net


@pytest.mark.parametrize(
    ("head", "word"),
    [(b"", "empty"), (b"<!DOCTYPE html><html>", "HTML"), (b"\x89PNG\r\n\x1a\n", "png"), (b"%PDF-1.7", "pdf")],
)
def test_what_is_no_artifact_is_refused(tmp_path: Path, echo: Callable[..., None], head: bytes, word: str):
    echo()
    (tmp_path / "net.onnx").write_bytes(head)
    fault = refused(BadInput, "CTK502", lambda: toolkit.load(tmp_path / "net.onnx", "echo"))
    assert word in fault.what
    assert fault.notes == ("it loads: onnx",)


def test_files_of_a_format_that_ctk_does_not_know_are_left_to_the_backend(
    tmp_path: Path, echo: Callable[..., None]
):
    echo(formats=("onnx", "keras"))
    (tmp_path / "net.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    assert open_backend("echo", tmp_path / "net.h5")[0] == tmp_path / "net.h5"


def test_threads_are_checked_before_anything_is_loaded(tmp_path: Path, echo: Callable[..., None]):
    echo()
    net = identity_onnx(tmp_path / "net.onnx")
    refused(UsageFault, "CTK601", lambda: toolkit.load(net, "echo", threads=0))
    refused(EnvironmentFailed, "CTK407", lambda: toolkit.load(net, "echo", threads=100_000))
    assert thread_count(1) == 1


def test_a_strangers_failure_is_named_as_its_own(tmp_path: Path, echo: Callable[..., None]):
    echo()
    net = identity_onnx(tmp_path / "net.onnx")
    fault = refused(EnvironmentFailed, "CTK404", lambda: toolkit.load(net, "broken"))
    assert fault.what == "the backend 'broken' failed: ZeroDivisionError: by zero"
    assert fault.notes == ("it belongs to stranger: tell its authors",)


def test_a_backend_without_formats_does_not_follow_the_protocol(tmp_path: Path, echo: Callable[..., None]):
    echo()
    net = identity_onnx(tmp_path / "net.onnx")
    fault = refused(EnvironmentFailed, "CTK404", lambda: toolkit.load(net, "formless"))
    assert "formats" in fault.what


def test_what_a_strangers_backend_needs_is_told_with_what_to_install(
    tmp_path: Path, echo: Callable[..., None]
):
    echo(requires=("numpy", "surely-not-here>=2", 'only-elsewhere; sys_platform == "cp/m"'))
    net = identity_onnx(tmp_path / "net.onnx")
    fault = refused(EnvironmentFailed, "CTK404", lambda: toolkit.load(net, "echo"))
    assert fault.what == "the backend echo needs surely-not-here, which is not installed"
    assert fault.notes == ("install it: pip install 'surely-not-here>=2'",)
