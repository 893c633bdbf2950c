"""A loaded artifact as the network of one side."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from benchmarks.blame.network import session_network
from toolkit.backends.protocol import BackendInfo, TensorInfo
from toolkit.colour.coefficients import coefficients
from toolkit.errors import BadInput, UsageFault


class FixedSession:
    """Gives the sum of its input in every element of what it is asked for."""

    SHAPES: ClassVar = {"ab": (1, 2, 4, 4), "bins": (1, 313, 4, 4), "features": (1, 7, 4, 4)}

    def __init__(self, *outputs: str, inputs: tuple[str, ...] = ("data_l",)) -> None:
        self.outputs, self.inputs, self.waited = outputs, inputs, 0

    def info(self):
        return BackendInfo(
            name="fixed",
            runtime_version="1",
            device="CPU",
            providers=(),
            precision_executed="bf16",
            threads=1,
            inputs={name: TensorInfo((1, 1, 16, 16), "float32") for name in self.inputs},
            outputs={name: TensorInfo(self.SHAPES[name], "float32") for name in self.outputs},
        )

    def run(self, inputs: dict, outputs: list):
        return {name: np.full(self.SHAPES[name], inputs["data_l"].sum()) for name in outputs}

    def synchronise(self):
        self.waited += 1


LIGHT = np.full((1, 1, 16, 16), 0.5, np.float32)


def test_a_head_of_ab_with_its_probabilities():
    session = FixedSession("ab")
    found = session_network(session, probabilities="bins")
    assert (found.name, found.head, found.mean) == ("fixed bf16", "ab", "outside")
    run = found.run_to("bins")
    assert run is not None
    assert run(LIGHT).shape == (1, 313, 4, 4)
    assert (found.run(LIGHT) == 128).all()
    assert session.waited == 2
    assert found.known_coefficients() is coefficients()


def test_a_head_of_bins():
    found = session_network(FixedSession("features", "bins"), output="bins", mean="inside")
    assert (found.head, found.mean) == ("bins", "inside")
    assert found.run_to("bins") is found.run
    assert found.run_to("ab") is None


def test_a_head_of_ab_without_probabilities():
    assert session_network(FixedSession("ab")).run_to("bins") is None


def test_what_is_no_colouring_network():
    with pytest.raises(UsageFault, match=r"CTK601 .*'features'"):
        session_network(FixedSession("features"))
    with pytest.raises(BadInput, match=r"CTK516 .*'nothing'"):
        session_network(FixedSession("ab"), output="nothing")
    with pytest.raises(BadInput, match=r"CTK516 .*data_l, mask"):
        session_network(FixedSession("ab", inputs=("data_l", "mask")))
