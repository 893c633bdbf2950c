"""What makes two machines equal, and which field is named where they are not."""

from __future__ import annotations

from typing import Any

import pytest
from bench_documents import MACHINE, document_of, run_of

from benchmarks.baseline.fingerprint import Fingerprint, differences, fingerprint
from benchmarks.bench_document import BenchDocument


def document(
    machine: dict[str, Any] | None = None, run: dict[str, Any] | None = None, **parts: Any
) -> BenchDocument:
    return document_of(
        [run_of("openvino", **(run or {}))], machine=MACHINE.model_copy(update=machine or {}), **parts
    )


def unlike(other: BenchDocument) -> list[str]:
    return differences(fingerprint(other).model_dump(), fingerprint(document()).model_dump())


def test_the_fields():
    assert fingerprint(document()) == Fingerprint(
        cpu="Frob 9000",
        cores=4,
        usable_cores=4,
        flags=("avx2",),
        memory_class="up to 32 GiB",
        kernel="Linux 6",
        runtime_versions={"numpy": "2.4.6", "opencv-python-headless": "4.14", "openvino": "1.2"},
        thread_settings={"openvino threads": "2"},
    )


# What may change, and the one line that names it.
CHANGES: dict[str, tuple[BenchDocument, list[str]]] = {
    "cpu": (document({"cpu": "Zap"}), ["cpu: Zap here, Frob 9000 there"]),
    "cores": (document({"cores": 8}), ["cores: 8 here, 4 there"]),
    "affinity": (document({"usable_cores": 2}), ["usable_cores: 2 here, 4 there"]),
    "flags": (document({"flags": ("amx_tile", "avx2")}), ["flags: amx_tile avx2 here, avx2 there"]),
    "unknown": (document({"flags": None}), ["flags: unknown here, avx2 there"]),
    "memory": (
        document({"memory_bytes": 70 << 30}),
        ["memory_class: up to 128 GiB here, up to 32 GiB there"],
    ),
    "kernel": (document({"kernel": "Linux 7.0.1"}), ["kernel: Linux 7 here, Linux 6 there"]),
    "runtime": (
        document(run={"runtime_version": "1.3"}),
        ["runtime_versions, openvino: 1.3 here, 1.2 there"],
    ),
    "threads": (document(run={"threads": 1}), ["thread_settings, openvino threads: 1 here, 2 there"]),
    "setting": (
        document(run={"effective_settings": {"allow_spinning": "0", "other": "x"}}),
        ["thread_settings, openvino allow_spinning: 0 here, unknown there"],
    ),
    "of the child": (
        document(run={"effective_settings": {"env KMP_BLOCKTIME": "1"}}),
        ["thread_settings, openvino env KMP_BLOCKTIME: 1 here, unknown there"],
    ),
    "variable": (
        document(before={"variables": {"OMP_WAIT_POLICY": "passive", "MALLOC_ARENA_MAX": "1"}}),
        ["thread_settings, OMP_WAIT_POLICY: passive here, unknown there"],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_differs_is_named_and_changes_the_digest(name: str):
    other, lines = CHANGES[name]
    assert unlike(other) == lines
    assert fingerprint(other).digest != fingerprint(document()).digest


@pytest.mark.parametrize(
    "other",
    [
        document({"kernel": "Linux 6.1.0"}),
        document({"memory_bytes": 32 << 30}),
        document({"memory_bytes": 31_000_000_000}),
        document({"versions": {**MACHINE.versions, "torch": "9"}}),
        document(run={"median_ms": 9.0}),
    ],
)
def test_what_does_not_matter(other: BenchDocument):
    assert unlike(other) == []
    assert fingerprint(other).digest == fingerprint(document()).digest


def test_only_the_arms_asked_for_count_and_two_of_one_backend_are_kept_apart():
    runs = [
        run_of("a", backend="x", threads=1),
        run_of("b", backend="x", threads=2),
        run_of("c", backend="y"),
    ]
    both = document_of([*runs, run_of("d", backend="z", status="failed")])
    assert fingerprint(both, ["c"]).thread_settings == {"y threads": "2"}
    assert fingerprint(both).thread_settings == {"a threads": "1", "b threads": "2", "y threads": "2"}
    assert "z" not in fingerprint(both).runtime_versions


def test_the_digest_does_not_depend_on_the_order_of_entries():
    one = fingerprint(document_of([run_of("a"), run_of("b")]))
    other = fingerprint(document_of([run_of("b"), run_of("a")]))
    assert one.digest == other.digest
    assert len(one.digest) == 16
    int(one.digest, 16)
