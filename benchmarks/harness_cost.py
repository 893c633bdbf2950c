"""What the harness adds to an iteration, and whether its `infer` agrees with loops that others wrote.

    python -m benchmarks.harness_cost [--launches 5] [--rounds 4] [--threads N] [--json FILE]
                                      [--artifact-onnx FILE --artifact-ir FILE --iterations 3]

Three questions (issue 6), each answered by arms that take turns:

1. added: five empty stages timed by the harness, against the same five calls in a bare loop with one pair of
   clock readings around all of them. At most 10 µs an iteration.
2. onnxruntime: the median of the harness's `infer`, against a bare loop over ``InferenceSession.run``, with the same
   threads and settings. Within 3 %.
3. openvino: the same against OpenVINO's ``benchmark_app -hint latency -api sync`` on the same IR, threads and
   precision, where that is installed. Within 3 %.

The other loops do nothing but infer, again and again, so ours does the same where the 3 % are asked: `infer_alone`
is the harness's own call and clock without the stages around the network. Amid those stages the same network takes
longer: for some 50 ms one core works through megabytes of picture, and the other one sleeps. In one run on a busy host
of 2 cores the lower decile rose by 7 % with onnxruntime and by 30 % with openvino; a walk through 48 MB between
inferences slowed only the bare loop of the latter, 40 ms of sleep only that of the former. That is what a picture pays, so
`ctk bench` shows it, and it is printed here as ``in a picture``, without a bound.

Rounds are paired and intervals are over launches, as in `ctk bench`; many short blocks resolve more on a busy host than
few long ones, but benchmark_app has to start for every block. --threads 1 tells most where other programs run. Exit status 0 when every bound is held, 1 when
one is broken, 3 when an interval is too wide to tell, 4 when something could not be measured.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter_ns
from typing import Literal, TypeAlias

import numpy as np

from benchmarks.harness.pictures import default_picture
from benchmarks.harness.schedule import drawn_order
from benchmarks.harness.stage_timing import STAGES, Pipeline, time_block
from benchmarks.infer_sides import IN_A_PICTURE, OURS, THEIRS, infer_sides
from benchmarks.measured_net import write_network
from benchmarks.stats.intervals import inside
from benchmarks.stats.paired import Ratio, compare_medians
from toolkit.backends.cores import physical_cores
from toolkit.errors import CtkError

ADDED_BOUND_US = 10.0
AGREEMENT = 0.03
# Iterations of a block, and how many blocks a round of --rounds has.
BLOCKS = {"onnxruntime": (12, 5), "openvino": (60, 1)}
Held: TypeAlias = Literal["held", "not held", "inconclusive"]
_STATUS = {"held": 0, "not held": 1, "inconclusive": 3}


@dataclass(frozen=True, slots=True)
class Agreement:
    """Our median of `infer` against another program's.

    Attributes:
        medians_ms: Of each side, the median over all rounds.
        ratio: Ours over theirs.
        in_a_picture: `infer` amid the stages of a picture, over ours alone.
    """

    medians_ms: Mapping[str, float]
    ratio: Ratio
    in_a_picture: Ratio

    @property
    def held(self) -> Held:
        """Whether the whole interval is within `AGREEMENT`, or wholly beyond it; wider where the ratio moves."""
        return agreement_of(self.ratio.steady_ci95)


def agreement_of(interval: tuple[float, float] | None) -> Held:
    """What an interval of ratios says about the bound; nothing where there is none."""
    if interval is None:
        return "inconclusive"
    if inside(interval, AGREEMENT):
        return "held"
    beyond = interval[0] > 1 + AGREEMENT or interval[1] < 1 / (1 + AGREEMENT)
    return "not held" if beyond else "inconclusive"


def main() -> int:
    """Measures, prints, and returns the exit status."""
    arguments = _arguments()
    added = added_us()
    print(f"added to an iteration: {added:.2f} µs (bound {ADDED_BOUND_US:g} µs)")
    found: dict[str, Agreement] = {}
    missing: dict[str, str] = {}
    with TemporaryDirectory() as folder:
        for name in ("onnxruntime", "openvino"):
            try:
                artifact = _artifact(name, arguments, Path(folder))
                found[name] = _agreement(name, artifact, arguments, Path(folder))
            except (CtkError, OSError, subprocess.SubprocessError, ValueError) as error:
                missing[name] = str(error)
                print(f"{name}: not measured: {error}")
                continue
            print(f"{name}: {_shown(found[name])}")
    if arguments.json:
        arguments.json.write_text(json.dumps(_document(added, found, missing)))
    statuses = [0 if added <= ADDED_BOUND_US else 1, *(_STATUS[one.held] for one in found.values())]
    return next((status for status in (1, 3) if status in statuses), 4 if missing else 0)


def added_us(rounds: int = 60, iterations: int = 200) -> float:
    """Microseconds that the harness adds to an iteration: the median over rounds of differences of medians."""
    pipeline = Pipeline(**dict.fromkeys(STAGES, _nothing))
    items = [b""] * iterations
    differences = []
    for number in range(rounds):
        taken = {}
        for name in drawn_order(0, 0, number, ["harness", "bare"]):
            started = perf_counter_ns()
            if name == "harness":
                time_block(pipeline, items)
            else:
                _bare_loop(pipeline, items)
            taken[name] = (perf_counter_ns() - started) / iterations
        differences.append(taken["harness"] - taken["bare"])
    return median(differences) / 1000


def _bare_loop(pipeline: Pipeline, items: Sequence[bytes]) -> None:
    for item in items:
        pipeline.encode(pipeline.post(pipeline.infer(pipeline.pre(pipeline.decode(item)))))


def _nothing(value: object) -> object:
    return value


def _agreement(name: str, artifact: Path, arguments: argparse.Namespace, folder: Path) -> Agreement:
    """Launches of rounds; in each round every side runs one block, in an order that is drawn."""
    picture = folder / "picture.jpg"
    picture.write_bytes(default_picture().data)
    names = (OURS, THEIRS, IN_A_PICTURE)
    given = arguments.artifact_onnx if name == "onnxruntime" else arguments.artifact_ir
    iterations, blocks = (arguments.iterations, 1) if given and arguments.iterations else BLOCKS[name]
    medians: dict[str, list[list[float]]] = {side: [] for side in names}
    for launch in range(arguments.launches):
        with ExitStack() as stack:
            sides = infer_sides(name, artifact, arguments.threads, picture, launch, stack)
            for side in names:
                medians[side].append([])
                sides[side](min(10, iterations))
            for number in range(arguments.rounds * blocks):
                for side in drawn_order(1, launch, number, names):
                    medians[side][-1].append(sides[side](iterations))
    by_side = {side: [np.array(rounds) for rounds in launches] for side, launches in medians.items()}
    return Agreement(
        {side: float(np.median(np.concatenate(rounds))) for side, rounds in by_side.items()},
        compare_medians(by_side[THEIRS], by_side[OURS]),
        compare_medians(by_side[OURS], by_side[IN_A_PICTURE]),
    )


def _shown(one: Agreement) -> str:
    figures = ", ".join(f"{side} {ms:.3f} ms" for side, ms in one.medians_ms.items())
    return (
        f"{figures}; ours / theirs {_ratio(one.ratio)}: {one.held} (bound {AGREEMENT:.0%}); "
        f"in a picture / ours {_ratio(one.in_a_picture)}"
    )


def _ratio(ratio: Ratio) -> str:
    interval = "" if ratio.ci95 is None else f" ({ratio.ci95[0]:.4f} to {ratio.ci95[1]:.4f})"
    return f"{ratio.ratio:.4f}{interval}"


def _document(added: float, found: Mapping[str, Agreement], missing: Mapping[str, str]) -> dict[str, object]:
    agreement = {
        name: {
            "medians_ms": dict(one.medians_ms),
            "ratio": one.ratio.ratio,
            "ci95": one.ratio.ci95,
            "n_launches": one.ratio.n_launches,
            "n_rounds": one.ratio.n_rounds,
            "held": one.held,
            "in_a_picture_ratio": one.in_a_picture.ratio,
            "in_a_picture_ci95": one.in_a_picture.ci95,
        }
        for name, one in found.items()
    }
    return {"origin": "measured", "added_us": added, "agreement": agreement, "missing": dict(missing)}


def _artifact(name: str, arguments: argparse.Namespace, folder: Path) -> Path:
    """The file that was given, or a network of about 5 ms, the same for both runtimes."""
    given: Path | None = arguments.artifact_onnx if name == "onnxruntime" else arguments.artifact_ir
    if given is not None:
        return given
    onnx_file = folder / "net.onnx"
    if not onnx_file.exists():
        write_network(onnx_file)
    if name == "onnxruntime":
        return onnx_file
    from converters.api import convert

    return convert([onnx_file], source="onnx", to="openvino", output=folder / "net.xml").path


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--launches", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--threads", type=int, default=physical_cores())
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--artifact-onnx", type=Path, help="for question 2; a network of about 5 ms by default"
    )
    parser.add_argument("--artifact-ir", type=Path, help="for question 3; the same network by default")
    parser.add_argument(
        "--iterations", type=int, default=None,
        help="of the one block of a round, for a given artifact that takes longer; 5 blocks of 12 and 1 of 60 by default",
    )  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
