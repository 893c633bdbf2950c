"""What decode, pre, post and encode of every preset cost, interleaved, in one process.

    python benchmarks/presets_cost.py [--rounds 15] [--json FILE]

One photograph of 1024×768 as JPEG, an output of the network made up once; in every round all presets run, in a
shuffled order; medians in milliseconds, and pre + post as a ratio to `ascend-py`, the seed pipeline of DESIGN §6.
"""

from __future__ import annotations

import argparse
import io
import json
import random
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray

from toolkit.presets.checks import CHANNELS
from toolkit.presets.preset import Preset
from toolkit.presets.registry import PRESETS, preset_named

STEPS = ("decode", "pre", "post", "encode .png", "encode .jpg")
SEED = "ascend-py"
_WARMUP = 2


def photograph(width: int = 1024, height: int = 768) -> bytes:
    """scikit-image's astronaut at that size, as JPEG of quality 92."""
    from PIL import Image
    from skimage.data import astronaut

    buffer = io.BytesIO()
    samples = astronaut()  # type: ignore[no-untyped-call]  # not annotated there
    Image.fromarray(samples).resize((width, height)).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def made_up_output(channels: int) -> NDArray[np.float32]:
    """float32, 1×channels×56×56: a and b within ±40, or probabilities that add up to 1."""
    values: NDArray[np.float32] = np.random.default_rng(0).random((1, channels, 56, 56), np.float32)
    made_up = values * 80 - 40 if channels == CHANNELS["ab"] else values / values.sum(axis=1, keepdims=True)
    return made_up.astype(np.float32)


def once(preset: Preset, data: bytes, output: NDArray[np.float32]) -> list[int]:
    """Nanoseconds of each of `STEPS`."""
    stamps = [perf_counter_ns()]
    picture = preset.decode(data, "astronaut")
    stamps.append(perf_counter_ns())
    prepared = preset.pre(picture)
    stamps.append(perf_counter_ns())
    coloured = preset.post(output, prepared.kept)
    stamps.append(perf_counter_ns())
    preset.encode(coloured, ".png")
    stamps.append(perf_counter_ns())
    preset.encode(coloured, ".jpg")
    stamps.append(perf_counter_ns())
    return [after - before for before, after in pairwise(stamps)]


def measure(rounds: int) -> dict[str, list[list[int]]]:
    """Samples of all presets by name: rounds × `STEPS`, nanoseconds."""
    data = photograph()
    presets = {name: preset_named(name) for name in PRESETS}
    outputs = {head: made_up_output(channels) for head, channels in CHANNELS.items()}
    samples: dict[str, list[list[int]]] = {name: [] for name in presets}
    order = list(presets)
    for index in range(_WARMUP + rounds):
        random.shuffle(order)
        for name in order:
            taken = once(presets[name], data, outputs[presets[name].head])
            if index >= _WARMUP:
                samples[name].append(taken)
    return samples


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    samples = measure(max(arguments.rounds, 1))
    pre_post = {name: median(row[1] + row[2] for row in rows) for name, rows in samples.items()}
    print(f"{'preset, ms':<15}" + "".join(f"{step:>13}" for step in (*STEPS, "pre+post", f"of {SEED}")))
    for name, rows in samples.items():
        figures = [median(column) / 1e6 for column in zip(*rows, strict=True)] + [pre_post[name] / 1e6]
        ratio = pre_post[name] / pre_post[SEED]
        print(f"{name:<15}" + "".join(f"{figure:>13.2f}" for figure in figures) + f"{ratio:>13.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"origin": "measured", "steps": STEPS, "samples_ns": samples}))


if __name__ == "__main__":
    main()
