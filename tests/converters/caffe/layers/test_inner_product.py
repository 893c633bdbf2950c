"""InnerProduct against sums written out with einsum over explicit axes."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets

from converters.caffe.layers.registry import MACS


def inner_product(body: str, bottom: str = "x", top: str = "out"):
    return (
        f'layer {{ name: "ip" type: "InnerProduct" bottom: "{bottom}" top: "{top}" '
        f"inner_product_param {{ {body} }} }}"
    )


def numbers(*shape: int, seed: int = 0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


# Shape of the bottom, axis, and how the sum runs: kept axes a.., summed axes x...
CASES = [
    ((2, 6), 1, "ax,nx->an"),
    ((2, 3, 4, 5), 1, "axyz,nxyz->an"),
    ((2, 3, 4, 5), -4, "axyz,naxyz->n"),
    ((2, 3, 4, 5), 2, "abyz,nyz->abn"),
    ((2, 3, 4, 5), -1, "abcz,nz->abcn"),
    ((7,), 0, "x,nx->n"),
    ((2, 3, 4), 1, "axy,nxy->an"),
]


@pytest.mark.parametrize(("shape", "axis", "rule"), CASES)
@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_every_axis_and_layout(
    nets: Nets, shape: tuple[int, ...], axis: int, rule: str, transpose: bool, bias: bool
):
    x, summed = numbers(*shape), shape[axis:]
    weight, shift = numbers(5, int(np.prod(summed)), seed=1), numbers(5, seed=2)
    stored = [weight.T.copy() if transpose else weight] + ([shift] if bias else [])
    body = f"num_output: 5 axis: {axis} transpose: {str(transpose).lower()} bias_term: {str(bias).lower()}"
    net = nets.build({"x": shape}, inner_product(body), {"ip": stored})
    wanted = np.einsum(rule, x.astype(np.float64), weight.reshape(5, *summed).astype(np.float64)) + (
        shift if bias else 0
    )
    np.testing.assert_allclose(nets.oracle(net, x=x)["out"], wanted, rtol=1e-12)
    for opset in (11, 13, 21):
        np.testing.assert_allclose(nets.onnx(net, opset, x=x)["out"], wanted, rtol=1e-4, atol=1e-5)


def test_a_square_transposed_matrix_is_not_mixed_up(nets: Nets):
    x, weight = numbers(2, 4), numbers(4, 4, seed=1)
    stored = {"ip": [weight]}
    net = nets.build({"x": x.shape}, inner_product("num_output: 4 transpose: true bias_term: false"), stored)
    np.testing.assert_allclose(nets.onnx(net, 13, x=x)["out"], x @ weight, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("shape", "axis", "open_axes"), [((1, 3, 2, 2), 1, (0,)), ((1, 3, 4, 5), 3, (0, 2))])
def test_dynamic_axes_in_front(nets: Nets, shape: tuple[int, ...], axis: int, open_axes: tuple[int, ...]):
    inputs = int(np.prod(shape[axis:]))
    stored = {"ip": [numbers(5, inputs, seed=1), numbers(5, seed=2)]}
    net = nets.build(
        {"x": shape}, inner_product(f"num_output: 5 axis: {axis}"), stored, dynamic={"x": open_axes}
    )
    larger = numbers(*(size * 3 if i in open_axes else size for i, size in enumerate(shape)))
    rows = larger.reshape(-1, inputs).astype(np.float64)
    wanted = (rows @ stored["ip"][0].T + stored["ip"][1]).reshape(*larger.shape[:axis], 5)
    np.testing.assert_allclose(nets.onnx(net, 13, x=larger)["out"], wanted, rtol=1e-4, atol=1e-5)


def test_shared_weights_serve_two_layers(nets: Nets):
    shared = 'param { name: "w" } '
    layers = inner_product("num_output: 3 bias_term: false").replace(
        "inner_product_param", shared + "inner_product_param"
    )
    twin = layers.replace('"ip"', '"ip2"').replace('top: "out"', 'top: "twin"')
    x, weight = numbers(2, 4), numbers(3, 4, seed=1)
    net = nets.build({"x": x.shape}, layers + twin, {"ip": [weight]})
    made = nets.onnx(net, 13, x=x)
    np.testing.assert_allclose(made["out"], x @ weight.T, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(made["out"], made["twin"])


def test_products_are_counted(nets: Nets):
    net = nets.build(
        {"x": (2, 3, 4)}, inner_product("num_output: 5 axis: 2"), {"ip": [numbers(5, 4), numbers(5)]}
    )
    assert MACS["InnerProduct"](net.layers[-1]) == 2 * 3 * 4 * 5


@pytest.mark.parametrize(
    ("body", "top", "code"),
    [
        ("", "out", "CTK507"),
        ("num_output: 0", "out", "CTK507"),
        ("num_output: 4294967295", "out", "CTK507"),
        ("num_output: 3 axis: 2", "out", "CTK507"),
        ("num_output: 3 axis: -3", "out", "CTK507"),
        ("num_output: 3", "x", "CTK505"),
        ("num_output: 3", 'a" top: "b', "CTK505"),
    ],
)
def test_what_caffe_refuses_is_refused(nets: Nets, body: str, top: str, code: str):
    assert nets.code_of_fault({"x": (2, 6)}, inner_product(body, top=top)) == code


def test_weights_in_the_other_layout_do_not_fit(nets: Nets):
    layers = inner_product("num_output: 5 bias_term: false")
    assert nets.code_of_fault({"x": (2, 6)}, layers, {"ip": [numbers(6, 5)]}) == "CTK510"
