"""Sweeps: what a line means, and what it cannot mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.harness.arm import Arm
from benchmarks.variations.sweep import parse_sweep, swept
from toolkit.errors import EnvironmentFailed, UsageFault

ARM = Arm("openvino", "openvino", Path("net.xml"), threads=1, options={"kept": True})


def test_the_product_in_its_order():
    axes = parse_sweep(["threads=1 batch=1,4", "precision=f32,native"])
    assert axes == {"threads": (1,), "batch": (1, 4), "precision": ("f32", "native")}
    arms = swept([ARM], axes)
    assert [arm.name for arm in arms] == [
        "openvino threads=1 batch=1 precision=f32",
        "openvino threads=1 batch=1 precision=native",
        "openvino threads=1 batch=4 precision=f32",
        "openvino threads=1 batch=4 precision=native",
    ]
    assert [(arm.threads, arm.batch, arm.precision) for arm in arms] == [
        (1, 1, "f32"), (1, 1, "native"), (1, 4, "f32"), (1, 4, "native"),
    ]  # fmt: skip
    assert {arm.artifact for arm in arms} == {ARM.artifact}


def test_other_names_are_options_of_the_backend():
    arms = swept([ARM], parse_sweep(["performance_hint=LATENCY,THROUGHPUT spinning=true,false streams=2"]))
    assert [dict(arm.options) for arm in arms] == [
        {"kept": True, "performance_hint": hint, "spinning": spinning, "streams": 2}
        for hint in ("LATENCY", "THROUGHPUT")
        for spinning in (True, False)
    ]
    assert arms[0].name == "openvino performance_hint=LATENCY spinning=true streams=2"


def test_every_arm_is_swept():
    other = Arm("opencv", "opencv", Path("net.onnx"), threads=1)
    assert [arm.name for arm in swept([ARM, other], {"batch": (1, 2)})] == [
        "openvino batch=1", "openvino batch=2", "opencv batch=1", "opencv batch=2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["", "  ", "threads", "threads=", "=1", "threads=0", "threads=-1", "threads=1.5", "batch=x", "batch=1,,2",
     "batch=1,1", "threads=1 threads=1", "precision=f31", "a-b=1", "batch=²", "batch=9999999"],
)  # fmt: skip
def test_what_cannot_be_swept_is_a_usage_fault(text: str):
    with pytest.raises(UsageFault) as fault:
        parse_sweep([text])
    assert fault.value.code == "CTK601"


def test_more_threads_than_processors_are_the_environments_fault():
    with pytest.raises(EnvironmentFailed) as fault:
        parse_sweep(["threads=9999"])
    assert fault.value.code == "CTK407"


def test_there_is_an_end_to_arms():
    with pytest.raises(UsageFault, match="means 81 arms"):
        swept([ARM], dict.fromkeys(("a", "b", "c", "d"), (1, 2, 3)))
