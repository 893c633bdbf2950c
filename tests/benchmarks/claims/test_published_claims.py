from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.claims.published import _table, claims, published_split
from benchmarks.roofline.graph_cost import graph_cost

MAIN = "colorization-v2-norebal"


def test_the_published_inference_is_impossible_at_any_precision() -> None:
    claim = published_split()
    assert (claim.total_ms, claim.infer_ms) == (144, 0.43)
    assert claim.state == "implausible"
    # 63.96 GFLOP at 22 and at 11 TFLOP/s (benchmark_method.md §9)
    assert claim.floor_ms == pytest.approx(63.9636 / 22, abs=1e-4)
    assert claim.arithmetic is not None
    for part in (
        "63.96 GFLOP / 22000 GFLOP/s at i8 = 2.91 ms",
        "11000 GFLOP/s at f16 = 5.81 ms",
        "148.8 TFLOP/s",
    ):
        assert part in claim.arithmetic


def test_the_later_measurement_on_the_same_chip_is_possible() -> None:
    (claim,) = (claim for claim in claims(MAIN) if claim.name == "ascend310-modelzoo")
    assert claim.state == "not measured here"
    assert claim.floor_ms == pytest.approx(5.815, abs=1e-3)


def test_every_claim_names_its_source() -> None:
    found = claims(MAIN)
    assert len({claim.name for claim in found}) == len(found) >= 3
    assert all(len(claim.source) > 20 and claim.what for claim in found)
    assert published_split() in found


def test_other_models_have_claims_of_their_own_or_none() -> None:
    assert "open-model-zoo-psnr" in {claim.name for claim in claims("colorization-v2")}
    assert claims("somebody-elses") == []


def test_the_cost_in_the_table_is_that_of_the_network_without_its_last_layer(main_home: Path) -> None:
    prototxt = next((main_home / "models").glob(f"{MAIN}/synthetic/*.prototxt"))
    cost, stored = graph_cost(prototxt), _table().networks[MAIN]
    assert stored.flops == cost.flops - 2 * 2 * 313 * 56 * 56
    assert stored.weights == sum(cost.weights.values()) - 2 * 313
    assert stored.ends_bytes == cost.ends_bytes
