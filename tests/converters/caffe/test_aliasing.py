"""Networks in which memory that blobs share is overwritten, in every order of the layers."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from caffe_samples import input_layer, layer, small_net

from converters.caffe.build import NetOptions
from converters.caffe.reference import run_reference
from toolkit.errors import BadInput

INPUT = input_layer(1, 2, 2, 2)
MAKER = layer("make", "Power", "data", "c", "power_param { scale: -2 shift: 3 }")
SHARERS = {
    "Flatten": layer("share", "Flatten", "c", "f"),
    "Reshape": layer("share", "Reshape", "c", "f", "reshape_param { shape { dim: 0 dim: -1 } }"),
    "Split": layer("share", "Split", "c", ["f", "g"]),
    "Concat": layer("share", "Concat", "c", "f"),
    "Slice": layer("share", "Slice", "c", "f"),
    "Permute": layer("share", "Permute", "c", "f", "permute_param { order: 0 order: 1 }"),
}
WRITER = layer("write", "ReLU", "f", "f")
READER = layer("read", "Power", "c", "late", "power_param { scale: 2 }")


def _fault(folder: Path, *layers: str, cut: tuple[str, ...] = ()) -> BadInput | None:
    try:
        small_net(folder, INPUT + "".join(layers), options=NetOptions(cut=cut))
    except BadInput as fault:
        if fault.code != "CTK515":
            raise
        return fault
    return None


class _Caffe:
    """Caffe itself in small: blobs that point to arrays, layers that write into them, in the order given."""

    def __init__(self) -> None:
        self.blobs = {"data": np.arange(8.0).reshape(1, 2, 2, 2) - 3}

    def run(self, steps: str) -> dict[str, np.ndarray]:
        """m makes c, s shares it as f, w overwrites f, r reads c; returns the outputs."""
        blobs = self.blobs
        for step in steps:
            if step == "m":
                blobs["c"] = blobs["data"] * -2 + 3
            elif step == "s":
                blobs["f"] = blobs["c"].reshape(1, -1)  # a view
            elif step == "w":
                blobs["f"][...] = np.maximum(blobs["f"], 0)
            else:
                blobs["late"] = blobs["c"] * 2
        return {name: blobs[name] for name in ("f", "late")}


ORDERS = [order for order in permutations("swr") if order.index("s") < order.index("w")]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("sharer", ["Flatten", "Reshape"])
def test_refuses_exactly_where_caffe_reads_what_was_overwritten(
    tmp_path: Path, order: tuple[str, ...], sharer: str
) -> None:
    texts = {"s": SHARERS[sharer], "w": WRITER, "r": READER}
    layers = [MAKER, *(texts[step] for step in order)]
    expected = _Caffe().run("m" + "".join(order))
    untouched = (np.arange(8.0) - 3) * -4 + 6
    reads_overwritten = not np.array_equal(expected["late"].ravel(), untouched)
    fault = _fault(tmp_path, *layers)
    assert (fault is not None) == reads_overwritten == (order == ("s", "w", "r"))
    if fault is None:
        net = small_net(tmp_path, INPUT + "".join(layers))
        found = run_reference(net, {"data": _Caffe().blobs["data"]})
        for name, array in expected.items():
            np.testing.assert_allclose(found[name], array)


@pytest.mark.parametrize("sharer", SHARERS)
def test_every_type_that_shares(tmp_path: Path, sharer: str) -> None:
    fault = _fault(tmp_path, MAKER, SHARERS[sharer], WRITER, READER)
    assert fault is not None
    assert fault.what == "blob 'c' is read after layer 'write' overwrites it in place under the name 'f'"
    assert fault.where.layer == "read"
    assert f"the {sharer} layer 'share' gives both names the same memory" in fault.notes[0]


@pytest.mark.parametrize(
    "copier",
    [
        layer("copy", "Power", "c", "f"),
        layer("copy", "Concat", ["c", "c"], "f"),
        layer("copy", "Slice", "c", ["f", "g"]),
        layer("copy", "Permute", "c", "f", "permute_param { order: 1 }"),
        layer("copy", "Dropout", "c", "f"),
    ],
)
def test_types_that_copy_do_no_harm(tmp_path: Path, copier: str) -> None:
    assert _fault(tmp_path, MAKER, copier, WRITER, READER) is None


@pytest.mark.parametrize(
    "harmless",
    [
        layer("write", "Dropout", "f", "f"),
        layer("write", "Concat", "f", "f"),
        layer("write", "Tile", "f", "f", "tile_param { tiles: 1 }"),
    ],
)
def test_layers_in_place_that_change_nothing(tmp_path: Path, harmless: str) -> None:
    assert _fault(tmp_path, MAKER, SHARERS["Flatten"], harmless, READER) is None
    assert _fault(tmp_path, MAKER, SHARERS["Flatten"], harmless, WRITER, READER) is not None


def test_the_other_top_of_a_split(tmp_path: Path) -> None:
    read_other = layer("read", "Power", "g", "late")
    assert _fault(tmp_path, MAKER, SHARERS["Split"], WRITER, read_other) is not None
    assert _fault(tmp_path, MAKER, SHARERS["Split"], read_other, WRITER) is None


def test_an_output_is_read_at_the_end(tmp_path: Path) -> None:
    fault = _fault(tmp_path, MAKER, SHARERS["Split"], WRITER)
    assert fault is not None
    assert fault.what.startswith("output 'g' is not what its layer made")
    assert fault.where.layer == "write"


def test_a_cut_before_the_overwriting(tmp_path: Path) -> None:
    layers = (MAKER, SHARERS["Split"], WRITER, READER)
    assert _fault(tmp_path, *layers, cut=("g",)) is None
    assert _fault(tmp_path, *layers, cut=("f",)) is None
    assert _fault(tmp_path, *layers, cut=("late",)) is not None


def test_shared_twice_over(tmp_path: Path) -> None:
    again = layer("again", "Reshape", "f", "h", "reshape_param { shape { dim: -1 } }")
    write = layer("write", "ReLU", "h", "h")
    assert _fault(tmp_path, MAKER, SHARERS["Flatten"], again, write) is None
    assert _fault(tmp_path, MAKER, SHARERS["Flatten"], again, write, READER) is not None


def test_passing_overwritten_memory_on_is_no_reading(tmp_path: Path) -> None:
    late = layer("late", "Flatten", "c", "late")
    silent = layer("silent", "Silence", "late", [])
    assert _fault(tmp_path, MAKER, SHARERS["Flatten"], WRITER, late, silent) is None
    fault = _fault(tmp_path, MAKER, SHARERS["Flatten"], WRITER, late)
    assert fault is not None
    assert "output 'late'" in fault.what


def test_crop_only_measures_its_second_bottom(tmp_path: Path) -> None:
    crop = layer("crop", "Crop", ["data", "c"], "late")
    assert _fault(tmp_path, MAKER, SHARERS["Flatten"], WRITER, crop) is None
    crop = layer("crop", "Crop", ["c", "data"], "late")
    assert _fault(tmp_path, MAKER, SHARERS["Flatten"], WRITER, crop) is not None


def test_two_names_of_one_memory_in_one_layer(tmp_path: Path) -> None:
    write = layer("write", "Scale", ["f", "g"], "f", "scale_param { axis: 0 }")
    fault = _fault(tmp_path, MAKER, SHARERS["Split"], write)
    assert fault is not None
    assert fault.what == "blob 'g' is read while the layer overwrites it in place"


def test_the_second_of_two_overwritings_is_the_reader(tmp_path: Path) -> None:
    other = layer("other", "TanH", "g", "g")
    fault = _fault(tmp_path, MAKER, SHARERS["Split"], WRITER, other)
    assert fault is not None
    assert fault.where.layer == "other"


def test_implied_split_and_an_input(tmp_path: Path) -> None:
    flat = layer("flat", "Flatten", "data", "f")
    read = layer("read", "Power", "data", "late")
    assert _fault(tmp_path, flat, WRITER, read) is not None
    assert _fault(tmp_path, flat, read, WRITER) is None


def test_in_place_chains_without_sharing(tmp_path: Path) -> None:
    chain = [layer(f"r{i}", "ReLU", "c", "c") for i in range(3)]
    assert _fault(tmp_path, MAKER, *chain, READER) is None


PARAMETER = layer("w", "Parameter", [], "w", 'param { name: "q" } parameter_param { shape { dim: 2 } }')
OVERWRITE = layer("write", "ReLU", "w", "w")
SHARER = layer("scale", "Scale", "data", "z", 'param { name: "q" }')


@pytest.mark.parametrize("order", [(PARAMETER, OVERWRITE, SHARER), (SHARER, PARAMETER, OVERWRITE)])
def test_a_parameter_that_others_share_is_not_overwritten(tmp_path: Path, order: tuple[str, ...]) -> None:
    """Its top is its memory; a layer before it reads it changed in the next run."""
    with pytest.raises(BadInput) as caught:
        small_net(tmp_path, INPUT + "".join(order), allow_filler=True)
    assert (caught.value.code, caught.value.where.layer) == ("CTK515", "scale")
    assert (
        caught.value.what
        == "parameter 'q' is read, and layer 'write' overwrites it in place under the name 'w'"
    )


def test_a_shared_parameter_is_not_overwritten_through_another_name(tmp_path: Path) -> None:
    through = layer("flat", "Flatten", "w", "f", "flatten_param { axis: 0 }")
    with pytest.raises(BadInput, match="CTK515"):
        small_net(tmp_path, INPUT + PARAMETER + through + WRITER + SHARER, allow_filler=True)


@pytest.mark.parametrize(
    "layers",
    [
        (PARAMETER, OVERWRITE),
        (PARAMETER, SHARER, layer("other", "ReLU", "w", "y")),
        (PARAMETER.replace('param { name: "q" }', ""), OVERWRITE, SHARER),
        (PARAMETER, OVERWRITE, SHARER.replace('"q"', '"r"')),
    ],
    ids=["nobody shares it", "nobody overwrites it", "without a name", "another name"],
)
def test_a_parameter_of_its_own_may_be_overwritten(tmp_path: Path, layers: tuple[str, ...]) -> None:
    assert small_net(tmp_path, INPUT + "".join(layers), allow_filler=True).outputs
