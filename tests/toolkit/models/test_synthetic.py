from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from toolkit.models.synthetic import synthetic_layers

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "colorization_v2_norebal" / "golden.json"


def test_all_weights_are_those_the_golden_outputs_were_made_with():
    # The digest as recipe.py of the golden case defines it: blobs by layer name, each after its shape.
    layers = {name: blobs for name, _, blobs in synthetic_layers()}
    digest = hashlib.sha256()
    for name in sorted(layers):
        for index, blob in enumerate(layers[name]):
            digest.update(f"{name}:{index}:{blob.shape}\n".encode())
            digest.update(np.ascontiguousarray(blob, "<f4"))
    assert digest.hexdigest() == json.loads(GOLDEN.read_text())["weights_sha256"]
    # science.md §1: conv and deconv numbers through conv8_313, 2 × 2,496 statistics, 7 factors.
    assert sum(blob.size for blobs in layers.values() for blob in blobs) == 32_230_393 + 4_992 + 7
