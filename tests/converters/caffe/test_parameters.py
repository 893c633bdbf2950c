"""Where numbers come from: the rules of DESIGN §4, "Missing blobs", and of `caffe_semantics.md` §5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from caffe_samples import TWO_LAYERS, blob, caffemodel, input_layer, layer, small_net, two_layer_weights

from converters.caffe.build import NetOptions
from converters.caffe.network import Layer, Net
from toolkit.errors import BadInput, CtkError
from toolkit.messages import collected_warnings

WEIGHT, BIAS = two_layer_weights()
STORED = caffemodel([("conv", "Convolution", [WEIGHT, BIAS])])
SCALE = input_layer(1, 3, 2, 2) + layer("s", "Scale", "data", "out", "scale_param { %s }")
GRAY = input_layer(1, 313, 1, 1)
CLASS8_AB = GRAY + layer(
    "class8_ab", "Convolution", "data", "class8_ab", "convolution_param { num_output: 2 kernel_size: 1 }"
)


def find(net: Net, name: str) -> Layer:
    return next(item for item in net.layers if item.name == name)


def values(net: Net, name: str, index: int = 0) -> list[Any]:
    return list(find(net, name).blobs[index].values.reshape(-1).tolist())


def refused(code: str, folder: Path, text: str, model: bytes | None = None, **sources: Any) -> CtkError:
    with pytest.raises(BadInput) as caught, collected_warnings():
        small_net(folder, text, model, **sources)
    assert caught.value.code == code, caught.value.what
    return caught.value


def test_stored_blobs_are_views_with_their_origin(tmp_path: Path):
    conv = find(small_net(tmp_path, TWO_LAYERS, STORED), "conv")
    assert [b.role for b in conv.blobs] == ["weight", "bias"]
    assert [b.origin for b in conv.blobs] == ["stored", "stored"]
    assert np.array_equal(conv.blobs[0].values, WEIGHT)
    assert np.array_equal(conv.blobs[1].values, BIAS)


@pytest.mark.parametrize("form", ["double", "legacy"])
def test_other_forms_hold_the_same_numbers(tmp_path: Path, form: str):
    model = caffemodel([("conv", "Convolution", [blob(WEIGHT, form), blob(BIAS, form)])])
    conv = find(small_net(tmp_path, TWO_LAYERS, model), "conv")
    assert np.array_equal(conv.blobs[0].values, WEIGHT)
    assert conv.blobs[1].values.shape == (2,)
    assert conv.blobs[0].values.dtype == np.float32


def test_doubles_beyond_float32_are_infinite_and_warned_of(tmp_path: Path):
    model = caffemodel([("s", "Scale", [blob([1e300, 1.0, 2.0], "double")])])
    with collected_warnings() as found:
        net = small_net(tmp_path, SCALE % "", model)
    assert values(net, "s") == [np.inf, 1.0, 2.0]
    assert any("1 of 3 numbers in the scale of layer 's' are NaN or infinite" in text for text in found)


def test_matching_is_by_name_and_not_by_type(tmp_path: Path):
    model = caffemodel([("other", "Convolution", [[1.0]]), ("s", "InnerProduct", [[1.0, 2.0, 3.0]])])
    assert values(small_net(tmp_path, SCALE % "", model), "s") == [1, 2, 3]


def test_of_equal_names_in_the_file_the_last_wins(tmp_path: Path):
    model = caffemodel([("s", "Scale", [[1.0, 1, 1]]), ("s", "Scale", [[2.0, 3, 4]])])
    assert values(small_net(tmp_path, SCALE % "", model), "s") == [2, 3, 4]
    odd = caffemodel([("s", "Scale", [[1.0]]), ("s", "Scale", [[2.0, 3, 4]])])
    refused("CTK510", tmp_path, SCALE % "", odd)


def test_of_equal_names_in_the_network_the_first_gets_the_numbers(tmp_path: Path):
    text = SCALE % "" + layer("s", "Scale", "out", "twice", "scale_param { filler { value: 9 } }")
    model = caffemodel([("s", "Scale", [[1.0, 2, 3]])])
    with collected_warnings():
        net = small_net(tmp_path, text, model)
    first, second = (item for item in net.layers if item.name == "s")
    assert first.blobs[0].values.tolist() == [1, 2, 3]
    assert second.blobs[0].values.tolist() == [9, 9, 9]
    assert first.blobs[0].owner != second.blobs[0].owner


def test_constant_filler_fills_with_a_warning(tmp_path: Path):
    text = input_layer(1, 313, 1, 1) + layer(
        "conv8_313_rh", "Scale", "data", "out", 'scale_param { filler { type: "constant" value: 2.606 } }'
    )
    with collected_warnings() as found:
        net = small_net(tmp_path, text)
    assert values(net, "conv8_313_rh") == [float(np.float32(2.606))] * 313
    assert find(net, "conv8_313_rh").blobs[0].origin == "filler"
    assert found == ["layer 'conv8_313_rh' is not in the caffemodel: its scale is the filler constant 2.606"]


def test_stored_blob_wins_over_its_filler(tmp_path: Path):
    model = caffemodel([("s", "Scale", [[1.0, 2, 3]])])
    with collected_warnings() as found:
        assert values(small_net(tmp_path, SCALE % "filler { value: 9 }", model), "s") == [1, 2, 3]
    assert found == []


def test_bilinear_filler_fills_with_a_warning(tmp_path: Path):
    body = 'convolution_param { num_output: 1 kernel_size: 2 bias_term: false weight_filler { type: "bilinear" } }'
    with collected_warnings() as found:
        net = small_net(tmp_path, input_layer(1, 1, 2, 2) + layer("up", "Deconvolution", "data", "up", body))
    assert values(net, "up") == [0.25] * 4  # k 2: f 1, c 1/2
    assert "filler bilinear" in found[0]


@pytest.mark.parametrize(
    ("filler", "words"),
    [('filler { type: "gaussian" }', "'gaussian' is random"), ("", "nobody stated a filler")],
)
def test_missing_data_is_an_error(tmp_path: Path, filler: str, words: str):
    error = refused("CTK511", tmp_path, SCALE % filler)
    assert words in error.what
    assert error.where.layer == "s"
    assert error.where.line == 2
    assert any("--allow-filler" in text for text in error.notes)


@pytest.mark.parametrize("filler", ['filler { type: "gaussian" std: 1 }', ""])
def test_allowed_fillers_are_the_same_every_time(tmp_path: Path, filler: str):
    with collected_warnings() as found:
        nets = [small_net(tmp_path / name, SCALE % filler, allow_filler=True) for name in "ab"]
    assert values(nets[0], "s") == values(nets[1], "s")
    assert find(nets[0], "s").blobs[0].origin == ("random-filler" if filler else "filler")
    assert "made up" in found[0]


@pytest.mark.parametrize("filler", ['filler { type: "nonsense" }', 'filler { type: "bilinear" }'])
def test_filler_that_cannot_fill_is_an_error(tmp_path: Path, filler: str):
    refused("CTK507", tmp_path, SCALE % filler, allow_filler=True)


def test_fillers_make_only_so_much(tmp_path: Path):
    body = "scale_param { axis: 1 num_axes: 2 filler { value: 1 } }"
    text = input_layer(1, 4096, 4096) + layer("s", "Scale", "data", "out", body)
    error = refused("CTK513", tmp_path, text)
    assert "32 MiB" in error.what


def test_missing_bias_of_a_stored_layer_is_another_network(tmp_path: Path):
    error = refused("CTK510", tmp_path, TWO_LAYERS, caffemodel([("conv", "Convolution", [WEIGHT])]))
    assert "holds 1 blobs" in error.what
    assert "weight 2x3x3x3, bias 2" in error.notes[0]


def test_surplus_blobs_are_refused(tmp_path: Path):
    refused("CTK510", tmp_path, TWO_LAYERS, caffemodel([("conv", "Convolution", [WEIGHT, BIAS, BIAS])]))
    relu = caffemodel([("conv", "Convolution", [WEIGHT, BIAS]), ("relu", "ReLU", [[1.0]])])
    refused("CTK510", tmp_path, TWO_LAYERS, relu)


def test_layer_stored_without_blobs_fits_only_one_without(tmp_path: Path):
    refused("CTK510", tmp_path, TWO_LAYERS, caffemodel([("conv", "Convolution", [])]))
    good = caffemodel([("conv", "Convolution", [WEIGHT, BIAS]), ("relu", "ReLU", []), ("data", "Input", [])])
    small_net(tmp_path, TWO_LAYERS, good)


@pytest.mark.parametrize("shape", [(3, 2, 3, 3), (1, 2, 3, 3, 3), (54,)])
def test_other_shapes_are_refused(tmp_path: Path, shape: tuple[int, ...]):
    model = caffemodel([("conv", "Convolution", [WEIGHT.reshape(shape), BIAS])])
    error = refused("CTK510", tmp_path, TWO_LAYERS, model)
    assert "x".join(map(str, shape)) in error.what
    assert error.where.file == str(tmp_path / "net.caffemodel")


def test_declared_and_held_numbers_must_agree(tmp_path: Path):
    short = blob(WEIGHT)
    del short.data[50:]
    error = refused("CTK509", tmp_path, TWO_LAYERS, caffemodel([("conv", "Convolution", [short, BIAS])]))
    assert "declares 54 numbers and holds 50" in error.what


def test_caffemodel_of_another_network_is_told(tmp_path: Path):
    other = caffemodel([("fc6", "InnerProduct", [WEIGHT])])
    error = refused("CTK511", tmp_path, TWO_LAYERS, other)
    assert "belongs to another one" in error.notes[0]
    with collected_warnings() as found:
        small_net(tmp_path, SCALE % "filler { value: 1 }", other)
    assert any("belongs to another one" in text for text in found)


# --- class8_ab and the coefficients


def test_class8_ab_is_put_back(tmp_path: Path):
    from toolkit.colour.coefficients import coefficients

    conv = find(small_net(tmp_path, CLASS8_AB), "class8_ab")
    assert [b.origin for b in conv.blobs] == ["coefficients", "coefficients"]
    assert np.array_equal(conv.blobs[0].values[:, :, 0, 0], coefficients().T)
    assert conv.blobs[1].values.tolist() == [0, 0]


def test_stored_class8_ab_is_kept(tmp_path: Path):
    weight = np.full((2, 313, 1, 1), 7, np.float32)
    model = caffemodel([("class8_ab", "Convolution", [weight, [1.0, 2.0]])])
    conv = find(small_net(tmp_path, CLASS8_AB, model), "class8_ab")
    assert [b.origin for b in conv.blobs] == ["stored", "stored"]
    assert conv.blobs[0].values.max() == 7


def test_given_coefficients_win_over_stored_ones_with_a_warning(tmp_path: Path):
    weight = np.full((2, 313, 1, 1), 7, np.float32)
    model = caffemodel([("class8_ab", "Convolution", [weight, [1.0, 2.0]])])
    mine = np.full((2, 313, 1, 1), 10, np.float32)
    with collected_warnings() as found:
        net = small_net(tmp_path, CLASS8_AB, model, coefficients=mine, coefficients_given=True)
    assert set(values(net, "class8_ab")) == {10}
    assert values(net, "class8_ab", 1) == [1, 2]
    assert "replace its weight" in found[0]


def test_given_coefficients_that_nothing_takes_are_warned_of(tmp_path: Path):
    mine = np.full((2, 313, 1, 1), 10, np.float32)
    with collected_warnings() as found:
        small_net(tmp_path, TWO_LAYERS, STORED, coefficients=mine, coefficients_given=True)
    assert any("coefficients you gave are not used" in text for text in found)


def test_layer_of_that_name_but_another_shape_gets_no_coefficients(tmp_path: Path):
    refused("CTK511", tmp_path, CLASS8_AB.replace("num_output: 2", "num_output: 3"))


# --- attached arrays


def test_attached_array_wins(tmp_path: Path):
    mine = np.arange(54, dtype=np.float32).reshape(2, 3, 3, 3)
    net = small_net(tmp_path, TWO_LAYERS, STORED, attached={("conv", 0): mine})
    assert values(net, "conv") == mine.reshape(-1).tolist()
    assert [b.origin for b in find(net, "conv").blobs] == ["attached", "stored"]


def test_axes_of_one_may_be_left_out(tmp_path: Path):
    mine = np.arange(626, dtype=np.float32).reshape(2, 313)
    assert values(small_net(tmp_path, CLASS8_AB, attached={("class8_ab", 0): mine}), "class8_ab") == list(
        range(626)
    )


def test_attached_array_of_another_shape_is_refused(tmp_path: Path):
    error = refused(
        "CTK516", tmp_path, CLASS8_AB, attached={("class8_ab", 0): np.zeros((313, 2), np.float32)}
    )
    assert "313x2" in error.what
    assert "2x313x1x1" in error.what


@pytest.mark.parametrize(
    ("key", "words"),
    [(("conf", 0), "did you mean 'conv'"), (("relu", 0), "no parameters"), (("conv", 2), "which has 2")],
)
def test_attaching_to_what_is_not_there_is_refused(tmp_path: Path, key: tuple[str, int], words: str):
    error = refused("CTK516", tmp_path, TWO_LAYERS, STORED, attached={key: np.zeros(1, np.float32)})
    assert words in " ".join([error.what, *error.notes])


# --- parameters that layers share

SHARED = input_layer(1, 3, 2, 2) + "".join(
    layer(name, "Scale", bottom, top, f'param {{ name: "w" {mode} }} scale_param {{ {body} }}')
    for name, bottom, top, mode, body in (
        ("first", "data", "a", "", ""),
        ("second", "a", "b", "", ""),
    )
)


def test_owner_alone_is_enough(tmp_path: Path):
    net = small_net(tmp_path, SHARED, caffemodel([("first", "Scale", [[1.0, 2, 3]])]))
    assert values(net, "second") == [1, 2, 3]
    first, second = find(net, "first").blobs[0], find(net, "second").blobs[0]
    assert (first.origin, second.origin) == ("stored", "shared")
    assert first.owner == second.owner


def test_of_all_that_are_stored_the_last_in_the_file_wins(tmp_path: Path):
    both = [("first", "Scale", [[1.0, 2, 3]]), ("second", "Scale", [[4.0, 5, 6]])]
    for order, expected in ((both, [4, 5, 6]), (both[::-1], [1, 2, 3])):
        net = small_net(tmp_path, SHARED, caffemodel(order))
        assert values(net, "first") == values(net, "second") == expected


def test_shapes_of_shared_parameters_must_agree(tmp_path: Path):
    text = SHARED.replace('name: "second" type: "Scale"', 'name: "second" type: "Scale"', 1)
    other = text[: text.rindex("scale_param")] + "scale_param { num_axes: 2 } }"
    model = caffemodel([("first", "Scale", [[1.0, 2, 3]])])
    assert refused("CTK508", tmp_path, other, model).where.layer == "second"


def test_permissive_sharing_asks_for_the_count_only(tmp_path: Path):
    text = input_layer(1, 4, 2, 2) + layer("first", "Scale", "data", "a", 'param { name: "w" }')
    body = 'param { name: "w" share_mode: PERMISSIVE } scale_param { axis: 2 num_axes: 2 }'
    text += layer("second", "Scale", "a", "b", body)
    net = small_net(tmp_path, text, caffemodel([("first", "Scale", [[1.0, 2, 3, 4]])]))
    assert find(net, "second").blobs[0].values.tolist() == [[1, 2], [3, 4]]


def test_attached_to_the_owner_goes_to_all_and_to_another_layer_is_refused(tmp_path: Path):
    model = caffemodel([("second", "Scale", [[4.0, 5, 6]])])
    mine = np.asarray([7, 8, 9], np.float32)
    net = small_net(tmp_path, SHARED, model, attached={("first", 0): mine})
    assert values(net, "first") == values(net, "second") == [7, 8, 9]
    error = refused("CTK516", tmp_path, SHARED, model, attached={("second", 0): mine})
    assert "'first'" in error.notes[0]


def test_cut_leaves_out_what_is_missing_behind_it(tmp_path: Path):
    text = TWO_LAYERS + layer("lost", "Scale", "conv", "lost")
    refused("CTK511", tmp_path, text, STORED)
    small_net(tmp_path, text, STORED, NetOptions(cut=("conv",)))


@pytest.mark.parametrize(("kind", "value"), [("Scale", 1.0), ("PReLU", 0.25), ("BatchNorm", 0.0)])
def test_an_allowed_unstated_filler_is_the_one_caffe_takes(tmp_path: Path, kind: str, value: float):
    text = input_layer(1, 3, 2, 2) + layer("op", kind, "data", "out")
    with collected_warnings():
        net = small_net(tmp_path, text, allow_filler=True)
    assert all((blob.values == value).all() for blob in find(net, "op").blobs)
