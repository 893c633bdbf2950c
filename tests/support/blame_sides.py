"""Small networks and presets with one part that is wrong, for swapping between two sides."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from benchmarks.blame.network import Network, ab_of
from benchmarks.harness.pictures import Sample
from toolkit.colour.coefficients import coefficients
from toolkit.presets.exact import Exact
from toolkit.presets.preset import PreparedPicture

SIZE = (16, 16)


def picture(seed: int = 0, *, turned: bool = False, suffix: str = "PNG") -> Sample:
    """A smooth picture of 40×30 in a file; with an EXIF orientation where it is turned."""
    y, x = np.mgrid[0:30, 0:40]
    random = np.random.default_rng(seed)
    waves = [127 + 120 * np.sin(x / random.uniform(4, 9) + y / random.uniform(4, 9)) for _ in range(3)]
    buffer, exif = io.BytesIO(), Image.Exif()
    if turned:
        exif[0x0112] = 6
    Image.fromarray(np.stack(waves, axis=-1).astype(np.uint8)).save(buffer, suffix, exif=exif)
    return Sample(f"picture-{seed}", buffer.getvalue())


def probabilities(light: np.ndarray) -> np.ndarray:
    """1×313×4×4 from L - 50 of 16×16: a softmax over distances that depend on the lightness."""
    cells = light.astype(np.float64).reshape(4, 4, 4, 4).mean(axis=(1, 3))
    points = coefficients().astype(np.float64)
    targets = np.stack([cells, 40 * np.sin(cells / 9)])
    distance = ((points[:, :, None, None] - targets[None]) ** 2).sum(axis=1)
    weights = np.exp(-(distance - distance.min(axis=0)) / 200)
    return (weights / weights.sum(axis=0))[np.newaxis].astype(np.float32)


def ab(light: np.ndarray, points: np.ndarray | None = None) -> np.ndarray:
    """1×2×4×4: what the coefficients make of `probabilities`."""
    points = coefficients() if points is None else points
    return np.tensordot(points.T.astype(np.float64), probabilities(light)[0], axes=1)[np.newaxis].astype(
        np.float32
    )


def network(*, scale: float = 1.0, bins: bool = False, points: np.ndarray | None = None) -> Network:
    """The network `ab` with its output scaled; it gives its probabilities where `bins` is set."""
    return Network(
        f"network × {scale:g}",
        "ab",
        "outside",
        lambda light: scale * ab(light, points),
        probabilities if bins else None,
        (lambda bins: scale * ab_of(bins, coefficients() if points is None else points)) if bins else None,
    )


def outside(*, mean: str = "outside") -> Network:
    """The same network, ending with its probabilities; the 50 may be inside."""
    offset = 50 if mean == "inside" else 0
    return Network("bins", "bins", mean, lambda light: probabilities(light - offset))  # type: ignore[arg-type]


def counted(one: Network) -> tuple[Network, Counter]:
    """The network, and how often each input was computed."""
    calls: Counter = Counter()

    def run(light: np.ndarray) -> np.ndarray:
        calls[light.tobytes()] += 1
        return one.run(light)

    return replace(one, run=run), calls


@dataclass(frozen=True, slots=True)
class WrongDecode(Exact):
    """`Exact` that swaps red and blue as it decodes."""

    def decode(self, data: bytes, file: str) -> np.ndarray:
        return np.ascontiguousarray(Exact.decode(self, data, file)[..., ::-1])


@dataclass(frozen=True, slots=True)
class WrongPre(Exact):
    """`Exact` that does not centre L."""

    def pre(self, picture: np.ndarray) -> PreparedPicture:
        right = Exact.pre(self, picture)
        return PreparedPicture(right.input + np.float32(50), right.kept)


@dataclass(frozen=True, slots=True)
class WrongPost(Exact):
    """`Exact` that swaps a and b, and loses a tenth of the lightness it keeps."""

    def post(self, output: np.ndarray, kept: np.ndarray) -> np.ndarray:
        return Exact.post(self, np.ascontiguousarray(output[:, ::-1]), kept * 0.9)
