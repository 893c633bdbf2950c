"""The pair on disk: whole, known by its hash, the same bytes each time, and never mixed by a kill."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
from command import leftovers
from ir_running import constants, operations, read_ir, run_ir
from kill_points import FACTS, model_of

from converters.openvino.pair_writer import is_our_bin, is_ours, write_ir
from toolkit.errors import EnvironmentFailed, UsageFault
from toolkit.ir_files import check_pair

ROOT = Path(__file__).resolve().parents[3]


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_written_pair(tmp_path: Path):
    xml = tmp_path / "new folder" / "net.xml"
    written = write_ir(xml, model_of(3.0), {**FACTS, "model": 'a "quoted" <name> &\n\t'}, f16=False)
    assert [(f.path.name, f.size, f.sha256) for f in written] == [
        (name, (xml.parent / name).stat().st_size, sha256(xml.parent / name))
        for name in ("net.xml", "net.bin")
    ]
    facts = check_pair(xml)
    assert facts.bin_sha256 == sha256(xml.with_suffix(".bin"))
    assert facts.facts["schema"] == "ctk.artifact/1"
    assert facts.facts["model"].startswith('a "quoted" <name> &')
    assert read_ir(xml).get_rt_info(["ctk", "bin_sha256"]).astype(str) == facts.bin_sha256
    np.testing.assert_array_equal(run_ir(xml, {"x": np.arange(4, dtype=np.float32)})["y"], [3, 4, 5, 6])
    assert is_ours(xml)
    assert leftovers(tmp_path) == []


def test_half_precision_weights(tmp_path: Path):
    numbers = np.linspace(-3, 3, 4096, dtype=np.float32)
    opset = openvino.opset13
    x = opset.parameter([4096], np.float32, name="x")
    model = openvino.Model([opset.add(x, opset.constant(numbers))], [x], "net")
    full = write_ir(tmp_path / "f32.xml", model, FACTS, f16=False)[1]
    half = write_ir(tmp_path / "f16.xml", model, FACTS, f16=True)[1]
    assert (full.size, half.size) == (4 * 4096, 2 * 4096)
    (stored,) = constants(read_ir(tmp_path / "f16.xml")).values()
    np.testing.assert_array_equal(stored, numbers.astype(np.float16))
    assert {"Convert"} <= set(operations(read_ir(tmp_path / "f16.xml")).values())


def test_own_earlier_pair_is_known_and_others_are_not(tmp_path: Path):
    xml = tmp_path / "net.xml"
    assert not is_ours(xml)
    assert not is_our_bin(xml)
    openvino.save_model(model_of(1.0), str(xml))
    assert not is_ours(xml)
    assert not is_our_bin(xml)
    write_ir(xml, model_of(2.0), FACTS, f16=False)
    assert is_ours(xml)
    assert is_our_bin(xml)
    xml.unlink()
    assert not is_our_bin(xml)  # nobody says whose it is


def test_graph_that_openvino_cannot_write(tmp_path: Path):
    """A failure that is not for want of space does not blame the target."""
    opset = openvino.opset13
    x = opset.parameter([4], np.float32, name="x")
    model = openvino.Model([opset.result(opset.result(x))], [x], "net")
    with pytest.raises(EnvironmentFailed, match="CTK404 openvino cannot write this graph"):
        write_ir(tmp_path / "net.xml", model, FACTS, f16=False)
    assert list(tmp_path.iterdir()) == []


def test_links_stay_and_what_they_point_to_is_replaced(tmp_path: Path):
    (tmp_path / "store").mkdir()
    place = tmp_path / "store" / "real.xml"
    link = tmp_path / "net.xml"
    link.symlink_to(place)
    for number in (1.0, 2.0):
        write_ir(link, model_of(number), FACTS, f16=False)
        assert link.is_symlink()
        assert place.is_file()
        check_pair(link)
        assert run_ir(link, {"x": np.zeros(4, np.float32)})["y"].tolist() == [number] * 4
    assert leftovers(tmp_path) == []


def limited(size: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [8, 500, 1500])
def test_no_space_leaves_the_old_pair(tmp_path: Path, size: int):
    xml = tmp_path / "net.xml"
    write_ir(xml, model_of(1.0), FACTS, f16=False)
    before = {file.name: sha256(file) for file in tmp_path.iterdir()}
    program = (
        "import sys; from pathlib import Path; from kill_points import *\n"
        "from toolkit.errors import CtkError\n"
        "try: write_ir(Path(sys.argv[1]), model_of(2.0), FACTS, f16=False)\n"
        "except CtkError as error: print(error.code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(xml)],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'support'}"},
        preexec_fn=lambda: limited(size),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "CTK402", done.stderr
    assert {file.name: sha256(file) for file in tmp_path.iterdir()} == before


def test_failure_of_the_last_step_brings_the_old_xml_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    xml = tmp_path / "net.xml"
    write_ir(xml, model_of(1.0), FACTS, f16=False)
    replace = Path.replace

    def failing(self: Path, target: Path) -> Any:
        if self.name.startswith(".net.bin"):
            raise OSError(5, "no more")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(EnvironmentFailed) as caught:
        write_ir(xml, model_of(2.0), FACTS, f16=False)
    assert caught.value.code == "CTK401"
    check_pair(xml)
    assert run_ir(xml, {"x": np.zeros(4, np.float32)})["y"].tolist() == [1.0] * 4
    assert leftovers(tmp_path) == []


def test_name_that_xml_cannot_hold(tmp_path: Path):
    model = model_of(1.0)
    model.get_results()[0].input_value(0).get_node().set_friendly_name("a\x01b")
    with pytest.raises(UsageFault, match="CTK604"):
        write_ir(tmp_path / "net.xml", model, FACTS, f16=False)
    assert list(tmp_path.iterdir()) == []


def test_facts_with_such_characters_are_escaped(tmp_path: Path):
    write_ir(tmp_path / "net.xml", model_of(1.0), {**FACTS, "model": "a\x01b\ufffe"}, f16=False)
    assert check_pair(tmp_path / "net.xml").facts["model"] == "a\\x01b\\ufffe"


def test_killed_before_every_step(tmp_path: Path):
    program = ROOT / "tests" / "support" / "kill_points.py"
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path), "18"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    states = [state for _, state in said["ends"]]
    assert set(states) == {"old", "no xml", "new"}
    assert states == sorted(states, key=["old", "no xml", "new"].index)  # each later step is further on
    assert {code for code, _ in said["ends"]} == {-signal.SIGKILL, 0}
    assert said["ends"][-1] == [0, "new"]
    assert (said["last"], said["files"]) == ("new", ["net.bin", "net.xml"])
