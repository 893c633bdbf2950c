from __future__ import annotations

from collections import Counter

from toolkit.models.colorization_v2 import layers


def test_network_has_the_layers_of_the_release():
    # science.md §1: 57 layers: 23 Convolution, 1 Deconvolution, 22 ReLU, 7 BatchNorm, Input, Scale, Softmax, Silence.
    rows = layers()
    counts = Counter(row.type for row in rows)
    assert len(rows) == 57
    assert counts == {
        "Convolution": 23, "Deconvolution": 1, "ReLU": 22, "BatchNorm": 7,
        "Input": 1, "Scale": 1, "Softmax": 1, "Silence": 1,
    }  # fmt: skip


def test_multiplications_are_those_published():
    # 31,983,744,128 multiply-adds at 224×224, class8_ab included (science.md §1).
    size, total = {"data_l": 224}, 0
    for row in layers():
        if row.window is None:
            size[row.top or ""] = size[row.bottom] if row.bottom else 224
            continue
        w, before = row.window, size[row.bottom or ""]
        if row.type == "Deconvolution":
            after = w.stride * (before - 1) + w.kernel - 2 * w.pad
            planes = before
        else:
            after = (before + 2 * w.pad - (w.dilation * (w.kernel - 1) + 1)) // w.stride + 1
            planes = after
        total += planes**2 * w.kernel**2 * w.channels_in * w.channels
        size[row.top or ""] = after
    assert total == 31_983_744_128
    assert size["class8_ab"] == 56
