"""Several inferences in flight give what the original Caffe gave, one by one."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converters
from toolkit.backends.asynchronous import AsyncBackend, open_async
from toolkit.backends.onnxruntime import OnnxRuntimeBackend
from toolkit.backends.openvino import OpenVinoBackend
from toolkit.backends.protocol import BackendInfo, TensorInfo
from toolkit.backends.session_pool import SessionPool
from toolkit.errors import BadInput, UsageFault

CASE = Path(__file__).parents[2] / "golden" / "cases" / "real_color_mini"
BACKENDS = ("onnxruntime", "openvino", "opencv")


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("async")
    files = [shutil.copy(CASE / "deploy.prototxt", folder / "net.prototxt")]
    files.append(shutil.copy(CASE / "weights.caffemodel", folder / "net.caffemodel"))
    return converters.convert(files, to="onnx", output=f"{folder}/").path


def load(name: str):
    return dict(np.load(CASE / f"{name}.npz"))


@pytest.mark.parametrize("name", BACKENDS)
def test_all_slots_at_once_compute_what_caffe_computed(name: str, artifact: Path):
    given, expected = load("inputs"), load("outputs")
    with open_async(name, artifact, 2, in_flight=3) as session:
        assert session.slots == 3
        assert session.info().name == name
        handles = [session.start(given) for _ in range(3)]
        with pytest.raises(UsageFault, match="all 3 slots are taken"):
            session.start(given)
        for handle in reversed(handles):
            found = session.wait(handle)
            assert found.keys() == expected.keys()
            for output, array in found.items():
                limit = 1e-5 + 1e-4 * np.abs(expected[output]).max()
                assert np.abs(array - expected[output]).max() <= limit
        again = session.start(given, list(expected))
        assert list(session.wait(again)) == list(expected)
    with pytest.raises(UsageFault, match="closed"):
        session.start(given)
    session.close()


@pytest.mark.parametrize("name", BACKENDS)
def test_results_belong_to_their_own_inputs(name: str, artifact: Path):
    (source, array), *_ = load("inputs").items()
    feeds = [{source: np.ascontiguousarray(array * scale, np.float32)} for scale in (0.25, 0.5, 1.0, 1.5)]
    with open_async(name, artifact, 1, in_flight=1) as session:
        alone = [next(iter(session.wait(session.start(feed)).values())) for feed in feeds]
    assert not np.array_equal(alone[0], alone[3])
    with open_async(name, artifact, 1, in_flight=4) as session:
        handles = [session.start(feed) for feed in feeds]
        together = [next(iter(session.wait(handle).values())) for handle in handles]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", BACKENDS)
def test_a_failed_inference_frees_its_slot(name: str, artifact: Path):
    given = load("inputs")
    source = next(iter(given))
    with open_async(name, artifact, 1, in_flight=1) as session:
        for _ in range(2):
            with pytest.raises(BadInput, match="reads") as fault:
                session.wait(session.start({source: np.zeros((1, 2), np.float32)}))
            assert fault.value.code == "CTK508"
        assert session.wait(session.start(given))


def test_the_runtime_tells_its_optimum_or_threads_decide(artifact: Path):
    with open_async("openvino", artifact, 2) as session:
        settings = session.info().settings
        assert session.slots == int(settings["OPTIMAL_NUMBER_OF_INFER_REQUESTS"])
        assert settings["PERFORMANCE_HINT"] == "THROUGHPUT"
        assert session.info().threads == 2
    with open_async("onnxruntime", artifact, 2) as session:
        assert session.slots == 2
        assert session.info().threads == 2
        assert session.info().settings["intra_op_num_threads"] == "1"
    assert isinstance(OnnxRuntimeBackend, AsyncBackend)
    assert isinstance(OpenVinoBackend, AsyncBackend)


def test_a_count_below_one_is_refused(artifact: Path):
    with pytest.raises(UsageFault, match="at least 1") as fault:
        open_async("onnxruntime", artifact, 1, in_flight=0)
    assert fault.value.code == "CTK601"


class _Meeting:
    """A session whose runs end only when two of them have met."""

    def __init__(self, barrier: threading.Barrier) -> None:
        self.barrier, self.closed = barrier, 0

    def info(self) -> BackendInfo:
        tensors = {"x": TensorInfo((1,), "float32")}
        return BackendInfo("meeting", "1", "CPU", (), "f32", 3, tensors, tensors)

    def run(self, inputs: dict[str, Any], outputs: object = None) -> dict[str, Any]:
        self.barrier.wait(10)
        return dict(inputs)

    def synchronise(self) -> None:
        pass

    def close(self) -> None:
        self.closed += 1


def test_sessions_of_a_pool_run_beside_each_other():
    barrier = threading.Barrier(2)
    sessions = [_Meeting(barrier), _Meeting(barrier)]
    with SessionPool() as pool:
        for session in sessions:
            pool.add(session)
        assert pool.info().threads == 6
        handles = [pool.start({"x": np.array([number])}) for number in (1, 2)]
        assert [pool.wait(handle)["x"][0] for handle in handles] == [1, 2]
    assert [session.closed for session in sessions] == [1, 1]
