"""Every founding preset end to end, from file to file, against its program written down again.

Each ``run_…`` below is one straight line of the libraries' own calls, in the order in which the original
program makes them (the sources are named in the preset's module). The network is a stand-in: the same output
for any input, with colours far outside the gamut, so that clipping and cutting show.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.ndimage as sni
import skimage
import skimage.io
from skimage import color
from skimage.transform import resize

from toolkit.colour.coefficients import coefficients
from toolkit.presets.omz_demo import OmzDemo
from toolkit.presets.registry import preset_named

HEIGHT, WIDTH = 24, 40  # of the network's input, not square, so that exchanged sides show
Run = Callable[[Path, Path, np.ndarray], np.ndarray]


def run_ascend_py(source: Path, target: Path, output: np.ndarray):
    bgr = cv2.imread(str(source)).astype(np.float32)
    shape = bgr.shape[:2]
    lab = cv2.cvtColor(bgr / 255.0, cv2.COLOR_BGR2Lab)
    full = np.ascontiguousarray(lab[:, :, 0])
    handed = cv2.resize(lab, (WIDTH, HEIGHT)).astype(np.float32)[:, :, 0] - 50
    ab = cv2.resize(output.transpose(0, 2, 3, 1)[0], shape[::-1])
    result = np.concatenate((full[:, :, np.newaxis], ab), axis=2)
    cv2.imwrite(str(target), (255 * np.clip(cv2.cvtColor(result, cv2.COLOR_Lab2BGR), 0, 1)).astype("uint8"))
    return handed


def run_ascend_cpp(source: Path, target: Path, output: np.ndarray):
    small = cv2.resize(cv2.imread(str(source), cv2.IMREAD_COLOR), (WIDTH, HEIGHT)).astype(np.float32) / 255
    handed = cv2.split(cv2.cvtColor(small, cv2.COLOR_BGR2LAB))[0] - 50
    whole = cv2.imread(str(source), cv2.IMREAD_COLOR).astype(np.float32) / 255
    light, _, _ = cv2.split(cv2.cvtColor(whole, cv2.COLOR_BGR2LAB))
    rows, columns = light.shape
    data = output.ravel()
    half = data.size // 2
    a = cv2.resize(data[:half].reshape(output.shape[2:]), (columns, rows))
    b = cv2.resize(data[half:].reshape(output.shape[2:]), (columns, rows))
    cv2.imwrite(str(target), cv2.cvtColor(cv2.merge([light, a, b]), cv2.COLOR_LAB2BGR) * 255)
    return handed


def run_opencv_py(source: Path, target: Path, output: np.ndarray):
    frame = cv2.imread(str(source))
    rgb = (frame[:, :, [2, 1, 0]] * 1.0 / 255).astype(np.float32)
    light = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)[:, :, 0]
    handed = cv2.cvtColor(cv2.resize(rgb, (WIDTH, HEIGHT)), cv2.COLOR_RGB2Lab)[:, :, 0]
    handed -= 50
    ab = cv2.resize(output[0].transpose((1, 2, 0)), (rgb.shape[1], rgb.shape[0]))
    lab = np.concatenate((light[:, :, np.newaxis], ab), axis=2)
    shown = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2BGR), 0, 1)
    # imshow: "multiplied by 255. That is, the value range [0,1] is mapped to [0,255]", then saturate_cast.
    cv2.imwrite(str(target), np.rint(shown * 255).astype(np.uint8))
    return handed


def omz_lab(source: Path, output: np.ndarray):
    original = cv2.imread(str(source))
    frame = cv2.cvtColor(cv2.cvtColor(original, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2RGB)
    lab = cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    handed = cv2.resize(lab.copy(), (WIDTH, HEIGHT))[:, :, 0]
    points = np.asarray(coefficients()).astype(np.float32)
    ab = np.einsum("qyx,qc->yxc", output[0].astype(np.float64), points).astype(np.float32)
    ab = cv2.resize(ab, (original.shape[1], original.shape[0]))
    return original, frame, handed, np.concatenate((lab[:, :, 0][:, :, np.newaxis], ab), axis=2)


def run_omz_demo(source: Path, target: Path, output: np.ndarray):
    _, _, handed, lab = omz_lab(source, output)
    bgr = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2BGR), 0, 1)
    cv2.imwrite(str(target), (bgr * 255).astype(np.uint8))
    return handed


def run_caffe_release(source: Path, target: Path, output: np.ndarray):
    picture = skimage.img_as_float(skimage.io.imread(source)).astype(np.float32)
    if picture.ndim == 2:
        picture = np.tile(picture[:, :, np.newaxis], (1, 1, 3))
    light = color.rgb2lab(picture.astype(np.float64))[:, :, 0]
    low, high = picture.min(), picture.max()
    stretched = (picture - low).astype(np.float64) / (high - low)
    small = resize(stretched, (HEIGHT, WIDTH), order=1, mode="constant", anti_aliasing=False)
    handed = color.rgb2lab(small * (high - low) + low)[:, :, 0] - 50
    ab = output[0].transpose((1, 2, 0))
    ab = sni.zoom(ab, (1.0 * light.shape[0] / ab.shape[0], 1.0 * light.shape[1] / ab.shape[1], 1))
    lab = np.concatenate((light[:, :, np.newaxis], ab), axis=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = (255 * np.clip(color.lab2rgb(lab), 0, 1)).astype("uint8")
    skimage.io.imsave(target, result, check_contrast=False)
    return handed


PROGRAMS: dict[str, Run] = {
    "ascend-py": run_ascend_py,
    "ascend-cpp": run_ascend_cpp,
    "opencv-py": run_opencv_py,
    "omz-demo": run_omz_demo,
    "caffe-release": run_caffe_release,
}


def scene(height: int, width: int) -> np.ndarray:
    """Slopes, an edge and some noise, R G B, in no channel from 0."""
    random = np.random.default_rng(height)
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([60 + 150 * x / width, 50 + 120 * y / height, 200 - 90 * (x + y) / (width + height)], -1)
    rgb[height // 3 : height // 2, width // 4 : width // 2] = (240, 60, 30)
    return np.clip(rgb + random.normal(0, 6, rgb.shape), 20, 255).astype(np.uint8)


def stand_in(head: str) -> np.ndarray:
    random = np.random.default_rng(4)
    if head == "ab":
        return random.uniform(-120, 120, (1, 2, 6, 10)).astype(np.float32)
    logits = random.normal(0, 4, (1, 313, 6, 10))
    return (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)


def written(folder: Path, rgb: np.ndarray, suffix: str = ".png") -> Path:
    path = folder / f"source{suffix}"
    assert cv2.imwrite(str(path), rgb[..., ::-1] if rgb.ndim == 3 else rgb)
    return path


SOURCES = {
    "large": scene(70, 90),
    "smaller than the network's input": scene(9, 13),
    "grey": scene(40, 30)[..., 0],
    "tall": scene(101, 3),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_from_file_to_file(name: str, source: str, tmp_path: Path):
    preset = preset_named(name, net_size=(HEIGHT, WIDTH))
    path, target = written(tmp_path, SOURCES[source]), tmp_path / "program.png"
    handed = PROGRAMS[name](path, target, stand_in(preset.head))
    prepared = preset.pre(preset.decode(path.read_bytes(), path.name))
    coloured = preset.post(stand_in(preset.head), prepared.kept)
    assert prepared.input[0, 0] == pytest.approx(handed, abs=2e-4)
    ours = cv2.imdecode(np.frombuffer(preset.encode(coloured, ".png"), np.uint8), cv2.IMREAD_COLOR)
    difference = np.abs(ours.astype(int) - cv2.imread(str(target)))
    # A float32 rounding may move a sample over a cut or a half; it must be rare.
    assert difference.max() <= 1
    assert (difference > 0).mean() <= 0.002
    assert (preset.to_rgb(coloured) == ours[..., ::-1]).all()


@pytest.mark.parametrize("name", ["ascend-py", "ascend-cpp", "opencv-py", "omz-demo"])
def test_jpeg_from_file_to_file(name: str, tmp_path: Path):
    preset = preset_named(name, net_size=(HEIGHT, WIDTH))
    path, target = written(tmp_path, scene(48, 64), ".jpg"), tmp_path / "program.jpg"
    PROGRAMS[name](path, target, stand_in(preset.head))
    kept = preset.pre(preset.decode(path.read_bytes(), path.name)).kept
    data = preset.encode(preset.post(stand_in(preset.head), kept), ".JPG")
    ours = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert np.abs(ours.astype(int) - cv2.imread(str(target))).mean() < 0.05
    assert abs(len(data) - target.stat().st_size) < 20


def test_cutting_and_rounding_are_not_the_same(tmp_path: Path):
    """The two Atlas programs differ by their last step: cut samples are half a step darker on average."""
    path = written(tmp_path, scene(90, 70))
    means = {}
    for name in ("ascend-py", "ascend-cpp"):
        preset = preset_named(name)
        kept = preset.pre(preset.decode(path.read_bytes(), "p")).kept
        grey = preset.to_rgb(preset.post(np.zeros((1, 2, 4, 4), np.float32), kept))
        means[name] = grey.mean(dtype=np.float64)
    assert means["ascend-cpp"] - means["ascend-py"] == pytest.approx(0.5, abs=0.1)


def test_the_mosaic_of_the_demo(tmp_path: Path):
    path = written(tmp_path, scene(60, 80))
    original, grey, _, lab = omz_lab(path, stand_in("bins"))
    preset = OmzDemo((HEIGHT, WIDTH))
    kept = preset.pre(preset.decode(path.read_bytes(), "p")).kept
    window = preset.mosaic(stand_in("bins"), kept)
    assert window.shape == (960, 1280, 3)
    assert window.dtype == np.uint8
    bgr = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2BGR), 0, 1)
    tiles = {
        "Original": (0, 0, cv2.resize(original, (640, 480))),
        "Grayscale": (0, 640, cv2.resize(grey, (640, 480))),
        "LAB interpetation": (480, 0, np.trunc(cv2.resize(lab, (640, 480))) % 256),
        "Colorize": (480, 640, np.trunc(cv2.resize(bgr, (640, 480)) * 255)),
    }
    for label, (top, left, expected) in tiles.items():
        tile = window[top : top + 480, left : left + 640].astype(int)
        # Below the label's line of text; L, a and b that are modulo 256 may turn over at a rounding.
        away = np.abs(tile[70:] - expected[70:])
        assert (np.minimum(away, 256 - away) <= 1).all(), label
        assert ((tile[20:60, :400] == (0, 0, 255)).all(axis=2)).sum() > 100, label


def test_the_border_of_the_caffe_release_is_the_darkest_sample():
    """caffe.io.resize_image stretches first: a border of zeros would be darker than anything in the picture."""
    preset = preset_named("caffe-release", net_size=(40, 40))
    rgb = np.full((4, 4, 3), 200, np.uint8)
    rgb[1, 2] = 150
    darkest = preset.pre(preset.from_rgb(np.full((4, 4, 3), 150, np.uint8))).input.min()
    found = preset.pre(preset.from_rgb(rgb)).input[0, 0]
    assert found.min() >= darkest - 1e-3
    assert found[0, 0] < found[20, 10] - 5
    even = preset.pre(preset.from_rgb(np.full((4, 4, 3), 200, np.uint8))).input
    assert np.ptp(even) == 0


def test_the_grey_of_the_demo_is_not_the_lightness():
    preset, other = preset_named("omz-demo"), preset_named("ascend-py")
    blue = np.zeros((8, 8, 3), np.uint8)
    blue[..., 2] = 255
    # 255 × 0.114 rounds to 29; its L is 10.9, that of blue itself 32.3 (science.md §2.2).
    assert preset.pre(preset.from_rgb(blue)).kept.grey[0, 0].tolist() == [29, 29, 29]
    assert preset.pre(preset.from_rgb(blue)).input.mean() == pytest.approx(10.9, abs=0.3)
    assert other.pre(other.from_rgb(blue)).input.mean() + 50 == pytest.approx(32.29, abs=0.02)
