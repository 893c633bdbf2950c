"""Matrix files: the example of the module, every mistake with its line."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from benchmarks.variations import matrix
from benchmarks.variations.matrix import matrix_jobs, read_matrix
from toolkit.backends.cores import physical_cores
from toolkit.errors import BadInput, CtkError, UsageFault


def laid(folder: Path, text: str) -> Path:
    path = folder / "m.toml"
    path.write_text(dedent(text), encoding="utf-8")
    return path


def test_the_example_of_the_docstring(tmp_path: Path):
    example = matrix.__doc__.partition("::\n\n")[2].partition("\n\nFigures")[0]
    found = read_matrix(laid(tmp_path, example.replace("threads = [2]", "threads = [1]")))
    assert found.model == "colorization-v2-norebal"
    assert (found.settings.launches, found.settings.window_s, found.settings.rate) == (5, 5.0, None)
    latency, throughput = matrix_jobs(found)
    assert (latency.mode, throughput.mode) == ("latency", "throughput")
    for job in (latency, throughput):
        assert [(cell.backend, cell.precision, cell.threads, cell.batch) for cell in job.cells] == [
            ("onnxruntime", "f32", 1, 1), ("openvino", "f32", 1, 1), ("openvino", "native", 1, 1),
        ]  # fmt: skip
        assert [cell.name for cell in job.cells] == ["onnxruntime f32", "openvino f32", "openvino native"]


def test_what_is_missing_has_its_default(tmp_path: Path):
    (job,) = matrix_jobs(read_matrix(laid(tmp_path, 'backends = ["opencv"]\nbatches = [1, 4]')))
    assert job.mode == "latency"
    assert [(c.name, c.precision, c.threads, c.batch) for c in job.cells] == [
        ("opencv batch=1", "f32", physical_cores(), 1), ("opencv batch=4", "f32", physical_cores(), 4),
    ]  # fmt: skip


def test_a_mode_can_be_left_out_of_one_backend(tmp_path: Path):
    text = """
        backends = ["onnxruntime", "opencv"]
        modes = ["cold", "latency"]
        exclude = [{ backend = "opencv", mode = "cold" }]
    """
    jobs = matrix_jobs(read_matrix(laid(tmp_path, text)))
    assert [(job.mode, [cell.backend for cell in job.cells]) for job in jobs] == [
        ("cold", ["onnxruntime"]), ("latency", ["onnxruntime", "opencv"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('backends = ["opencv"]\nmodes = [\n', None, "not TOML"),
        ('backends = ["opencv"\nmodes = 1', 2, "not TOML"),
        ('\nbackends = ["opencv"]\nmode = ["cold"]', 3, "has no key 'mode'"),
        ('backends = ["opencv"]\n[settings]\nlaunch = 5', 3, "has no key 'settings.launch'"),
        ('backends = ["opencv"]\n\nmodes = ["hot"]', 3, "modes.0"),
        ("backends = []", 1, "backends"),
        ('backends = ["opencv", "opencv"]', 1, "given twice"),
        ('model = "x"', None, "the key 'backends' is missing"),
        ('backends = ["opencv"]\nthreads = [0]', 2, "threads.0"),
        ('backends = ["opencv"]\nthreads = [true]', 2, "threads.0"),
        ('backends = ["opencv"]\n[settings]\nrate = nan', 3, "settings.rate"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, line: int | None, words: str, tmp_path: Path):
    with pytest.raises(BadInput, match=re.escape(words)) as fault:
        read_matrix(laid(tmp_path, text))
    assert fault.value.code == "CTK502"
    assert fault.value.where.file == str(tmp_path / "m.toml")
    if line is not None:
        assert fault.value.where.line == line


def test_a_misspelt_key_gets_a_suggestion(tmp_path: Path):
    with pytest.raises(BadInput) as fault:
        read_matrix(laid(tmp_path, 'backends = ["opencv"]\nprecission = ["f32"]'))
    assert any("precisions" in note for note in fault.value.notes)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"\x00", b"a = " + b"[" * 20000])
def test_what_is_no_text_at_all(data: bytes, tmp_path: Path):
    (tmp_path / "m.toml").write_bytes(data)
    with pytest.raises(BadInput) as fault:
        read_matrix(tmp_path / "m.toml")
    assert fault.value.code == "CTK502"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('backends = ["opencvv"]', "CTK603"),
        ('backends = ["opencv"]\nmodes = ["stream"]', "CTK601"),
        ('backends = ["opencv"]\nexclude = [{ backend = "opencv" }]', "CTK601"),
        ('backends = ["opencv"]\nthreads = [90000]', "CTK407"),
        (f'backends = ["opencv"]\nbatches = {list(range(1, 80))}', "CTK601"),
    ],
)
def test_what_cannot_run_is_said_before_anything_runs(text: str, code: str, tmp_path: Path):
    with pytest.raises(CtkError) as fault:
        matrix_jobs(read_matrix(laid(tmp_path, text)))
    assert fault.value.code == code


@pytest.mark.parametrize(
    ("entry", "words", "notes"),
    [
        (
            '{ backend = "opencvv" }',
            "exclude names the backend opencvv, which the matrix does not list",
            ["did you mean 'opencv'?"],
        ),
        ('{ backend = "opencv", mode = "cold" }', "exclude names the mode cold, which", ["known: latency"]),
        ("{ threads = 7 }", "exclude names the threads 7, which", []),
        ("{}", "an entry of exclude names nothing", []),
    ],
)
def test_an_exclusion_that_excludes_nothing_is_a_mistake(
    entry: str, words: str, notes: list[str], tmp_path: Path
):
    text = f'backends = ["opencv", "onnxruntime"]\nthreads = [1]\nexclude = [{entry}]'
    with pytest.raises(UsageFault, match=re.escape(words)) as fault:
        matrix_jobs(read_matrix(laid(tmp_path, text)))
    assert list(fault.value.notes) == notes


def test_a_list_without_end_is_refused_before_it_is_multiplied(tmp_path: Path):
    text = f'backends = ["opencv"]\nbatches = {list(range(1, 50000))}'
    with pytest.raises(BadInput, match="batches"):
        read_matrix(laid(tmp_path, text))
    listed = f'precisions = ["f32", "f16", "bf16", "native"]\nbatches = {list(range(1, 1000))}'
    text = f'backends = ["opencv"]\n{listed}\nexclude = [{{ batch = 7 }}]'
    with pytest.raises(UsageFault, match="the matrix lists 3996 combinations, and 1000 is the most"):
        matrix_jobs(read_matrix(laid(tmp_path, text)))


def test_a_missing_file(tmp_path: Path):
    with pytest.raises(BadInput) as fault:
        read_matrix(tmp_path / "none.toml")
    assert fault.value.code == "CTK501"
    assert not isinstance(fault.value, UsageFault)
