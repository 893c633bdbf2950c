"""The rules of `caffe_semantics.md` §4, one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
from caffe_samples import input_layer, layer, small_net
from google.protobuf import text_format

from converters.caffe.build import NetOptions
from converters.caffe.schema import NetParameter
from converters.caffe.wiring import Wired, wire
from toolkit.errors import BadInput, Where

DATA = input_layer(1, 2, 4, 4)


def relu(bottom: str, top: str, name: str = "") -> str:
    return layer(name or f"{bottom}_{top}", "ReLU", bottom, top)


def wired(*layers: str) -> Wired:
    net = text_format.Parse("".join(layers), NetParameter())
    return wire(net.layer, [Where(line=i, layer=item.name) for i, item in enumerate(net.layer)])


def refused(*layers: str) -> BadInput:
    with pytest.raises(BadInput) as caught:
        wired(*layers)
    assert caught.value.code == "CTK505"
    return caught.value


def test_plain_chain_keeps_blob_names():
    found = wired(DATA, relu("data", "a"), relu("a", "b"))
    assert found.bottoms == ((), ("data",), ("a",))
    assert found.tops == (("data",), ("a",), ("b",))
    assert found.read == {"data", "a"}
    assert not any(found.in_place)


def test_bottom_must_have_been_made_before():
    error = refused(DATA, relu("b", "a"), relu("data", "b", "maker"))
    assert "unknown bottom blob 'b'" in error.what
    assert error.where.line == 1
    assert "'maker'" in error.notes[0]


def test_unknown_bottom_names_the_nearest():
    error = refused(DATA, relu("dat", "a"))
    assert error.notes == ("did you mean 'data'?",)


def test_in_place_becomes_renaming_and_the_last_value_bears_the_name():
    found = wired(
        DATA, relu("data", "a", "first"), relu("a", "a", "second"), relu("a", "a", "third"), relu("a", "b")
    )
    assert found.tops == (("data",), ("a@first",), ("a@second",), ("a",), ("b",))
    assert found.bottoms == ((), ("data",), ("a@first",), ("a@second",), ("a",))
    assert found.in_place == (False, False, True, True, False)
    assert found.blob_of["a@first"] == "a"
    assert found.final["a"] == "a"


def test_input_keeps_its_name_when_it_is_overwritten():
    found = wired(DATA, relu("data", "data", "r"), relu("data", "b"))
    assert found.tops == (("data",), ("data@r",), ("b",))
    assert found.bottoms[2] == ("data@r",)
    assert found.final["data"] == "data@r"


def test_several_readers_after_an_overwrite_see_it():
    found = wired(DATA, relu("data", "a", "m"), relu("a", "a", "r"), relu("a", "b"), relu("a", "c"))
    assert found.bottoms[3:] == (("a",), ("a",))


def test_top_made_twice_is_refused():
    error = refused(DATA, relu("data", "a"), relu("data", "a", "again"))
    assert "produced by more than one layer" in error.what
    assert error.where.layer == "again"


def test_in_place_is_at_the_same_position_only():
    second = layer("x", "Eltwise", ["data", "a"], "a")
    assert "produced by more than one layer" in refused(DATA, relu("data", "a"), second).what


def test_first_of_two_bottoms_may_be_overwritten():
    found = wired(DATA, relu("data", "a", "m"), layer("x", "Scale", ["a", "data"], "a"))
    assert found.bottoms[2] == ("a@m", "data")
    assert found.tops[2] == ("a",)


@pytest.mark.parametrize("order", [0, 1])
def test_overwriting_what_another_layer_reads_is_refused(order: int):
    reader = relu("a", "b", "reader")
    if order == 0:  # read before it is overwritten; the other order reads the new value and is fine
        assert "'reader'" in refused(DATA, relu("data", "a"), reader, relu("a", "a", "w")).notes[0]
    else:
        assert wired(DATA, relu("data", "a"), relu("a", "a", "w"), reader).bottoms[3] == ("a",)


def test_layer_that_reads_a_blob_twice_cannot_overwrite_it():
    refused(DATA, relu("data", "a"), layer("x", "Eltwise", ["a", "a"], "a"))


def test_names_that_would_clash_are_numbered():
    odd = relu("data", "a@m", "odd")
    found = wired(DATA, odd, relu("a@m", "a", "m"), relu("a", "a", "r"))
    assert found.tops == (("data",), ("a@m",), ("a@m~2",), ("a",))


def test_silence_is_told_from_other_readers():
    silence = 'layer { name: "s" type: "Silence" bottom: "a" }'
    assert wired(DATA, relu("data", "a"), silence).silenced == {"a"}
    found = wired(DATA, relu("data", "a"), relu("a", "b"), silence)
    assert found.silenced == frozenset()
    assert "a" in found.read


def test_outputs_are_tops_that_nobody_reads(tmp_path: Path):
    net = small_net(tmp_path, DATA + relu("data", "a") + relu("data", "b") + relu("a", "c"))
    assert net.outputs == ("b", "c")
    assert net.inputs == ("data",)


def test_unread_input_is_no_output_of_ours(tmp_path: Path):
    net = small_net(tmp_path, DATA + input_layer(1, name="spare") + relu("data", "a"))
    assert net.outputs == ("a",)
    assert net.inputs == ("data", "spare")
    assert net.unread_inputs == ("spare",)


def test_silenced_blob_is_the_output_where_nothing_else_is(tmp_path: Path):
    silence = 'layer { name: "s" type: "Silence" bottom: "a" }'
    assert small_net(tmp_path, DATA + relu("data", "a") + silence).outputs == ("a",)
    spare = input_layer(1, name="spare")
    assert small_net(tmp_path, DATA + spare + relu("data", "a") + silence).outputs == ("a",)
    assert small_net(tmp_path, DATA + relu("data", "a") + relu("data", "b") + silence).outputs == ("b",)


def test_one_shape_serves_all_inputs_or_one_each(tmp_path: Path):
    text = (
        'layer { name: "i" type: "Input" top: "a" top: "b" input_param { %s } } '
        + relu("a", "c")
        + relu("b", "d")
    )
    one = small_net(tmp_path, text % "shape { dim: 2 dim: 3 }")
    assert [one.values[name].shape for name in "abcd"] == [(2, 3)] * 4
    two = small_net(tmp_path, text % "shape { dim: 2 } shape { dim: 5 }")
    assert [two.values[name].shape for name in "abcd"] == [(2,), (5,), (2,), (5,)]
    with pytest.raises(BadInput) as caught:
        small_net(tmp_path, text % "shape { dim: 2 } shape { dim: 5 } shape { dim: 1 }")
    assert caught.value.code == "CTK507"


def test_network_without_a_computation_is_refused(tmp_path: Path):
    with pytest.raises(BadInput) as caught:
        small_net(tmp_path, DATA)
    assert caught.value.code == "CTK505"


def test_cut_ends_at_a_blob_and_leaves_out_what_is_behind(tmp_path: Path):
    text = DATA + input_layer(1, name="spare") + relu("data", "a", "m") + relu("a", "a", "r") + relu("a", "b")
    net = small_net(tmp_path, text, options=NetOptions(cut=("a",)))
    assert net.outputs == ("a",)
    assert [item.name for item in net.layers] == ["data", "m", "r"]
    assert net.inputs == ("data",)
    before = small_net(tmp_path, text, options=NetOptions(cut=("a@m",)))
    assert [item.name for item in before.layers] == ["data", "m"]


@pytest.mark.parametrize(("blob", "words"), [("dada", "did you mean 'data'"), ("data", "it is an input")])
def test_cut_at_what_is_not_computed_is_refused(tmp_path: Path, blob: str, words: str):
    with pytest.raises(BadInput) as caught:
        small_net(tmp_path, DATA + relu("data", "a"), options=NetOptions(cut=(blob,)))
    assert caught.value.code == "CTK516"
    assert words in " ".join([caught.value.what, *caught.value.notes])
