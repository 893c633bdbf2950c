"""The checks that a backend gets by using `SimpleSession`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from toolkit.backends.protocol import BackendInfo, TensorInfo
from toolkit.backends.simple_session import SimpleSession
from toolkit.errors import BadInput, CtkError, EnvironmentFailed, UsageFault

INFO = BackendInfo(
    "sums", "1", "CPU", (), "f32", 1,
    {"a": TensorInfo((2,), "float32"), "b": TensorInfo((None,), "float32")},
    {"sum": TensorInfo((2,), "float32"), "product": TensorInfo((2,), "float32")},
)  # fmt: skip
A = np.array([1, 2], np.float32)


def compute(names: list[str], feed: dict[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
    return [feed["a"] + feed["b"] if name == "sum" else feed["a"] * feed["b"] for name in names]


def session(function: Any = compute, free: Any = None) -> SimpleSession:
    return SimpleSession(Path("net.x"), INFO, function, free)


def test_outputs_come_by_name_in_the_order_asked_for():
    with session() as opened:
        assert {k: v.tolist() for k, v in opened.run({"b": A, "a": A}).items()} == {
            "sum": [2, 4],
            "product": [1, 4],
        }
        assert list(opened.run({"a": A, "b": A}, ["product", "sum"])) == ["product", "sum"]
        assert opened.run({"a": A, "b": A}, []) == {}
        assert opened.info() is INFO
        opened.synchronise()


@pytest.mark.parametrize(
    ("inputs", "outputs", "code"),
    [
        ({"a": A}, None, "CTK516"),
        ({"a": A, "b": A, "c": A}, None, "CTK516"),
        ({"a": A, "b": A}, ["summ"], "CTK516"),
        ({"a": A.astype(np.float64), "b": A}, None, "CTK508"),
        ({"a": A[:1], "b": A}, None, "CTK508"),
    ],
)
def test_wrong_inputs_never_reach_the_runtime(inputs: Any, outputs: Any, code: str):
    with session(lambda *_: pytest.fail("reached")) as opened, pytest.raises(BadInput) as caught:
        opened.run(inputs, outputs)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("raised", "code"),
    [(ZeroDivisionError("x"), "CTK404"), (MemoryError(), "CTK408"), (BadInput("CTK519", "nan"), "CTK519")],
)
def test_failures_of_the_runtime_have_a_code(raised: Exception, code: str):
    def fail(*_: object) -> Any:
        raise raised

    with session(fail) as opened, pytest.raises(CtkError) as caught:
        opened.run({"a": A, "b": A})
    assert caught.value.code == code
    assert isinstance(caught.value, EnvironmentFailed) == (code != "CTK519")


def test_a_runtime_that_gives_too_few_outputs_has_failed():
    with session(lambda *_: [A]) as opened, pytest.raises(EnvironmentFailed, match="CTK404"):
        opened.run({"a": A, "b": A})


def test_closing_frees_once_and_ends_running():
    freed: list[int] = []
    opened = session(free=lambda: freed.append(1))
    opened.close()
    opened.close()
    assert freed == [1]
    with pytest.raises(UsageFault, match="CTK601"):
        opened.run({"a": A, "b": A})
