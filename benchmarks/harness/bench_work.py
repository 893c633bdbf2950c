"""What a child process of the harness does: loads an artifact, and runs blocks of iterations."""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np

from benchmarks.environment.host_meter import HostMeter
from benchmarks.environment.variables import runtime_variables
from benchmarks.harness.batches import batch_pipeline
from benchmarks.harness.picture_pipeline import only_input_and_output, picture_pipeline
from benchmarks.harness.picture_source import PictureSource
from benchmarks.harness.process_memory import peak_rss_bytes
from benchmarks.harness.schedule import picture_generator
from benchmarks.harness.stage_timing import Pipeline, time_block
from toolkit.backends.opening import open_backend
from toolkit.backends.protocol import BackendInfo, Session
from toolkit.errors import InternalFault
from toolkit.presets.preset import Preset
from toolkit.presets.registry import preset_named


class BenchWork:
    """One loaded artifact and its pictures."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._pipeline: Pipeline | None = None
        self._pictures: PictureSource | None = None
        self._batch = 1
        self._seed = 0
        self._meter = HostMeter()

    def load(
        self,
        *,
        backend: str,
        artifact: str,
        threads: int,
        precision: str,
        device: str | None,
        batch: int,
        options: Mapping[str, Any],
        mean: str | None,
        preset: str,
        pictures: Sequence[str],
        seed: int,
    ) -> dict[str, Any]:
        """Loads everything and runs the network once.

        Returns:
            ``load_ms`` (with the import of the runtime), ``first_infer_ms``, ``info``, and the environment.

        Raises:
            CtkError: As `toolkit.load`, `preset_named` and `picture_pipeline`.
        """
        self._pictures = PictureSource([Path(picture) for picture in pictures], seed)
        started = perf_counter_ns()
        session = open_backend(
            backend, Path(artifact), threads, precision=precision, device=device, **options
        )
        load_ms = (perf_counter_ns() - started) / 1e6
        self._session, self._batch, self._seed = session, batch, seed
        chosen = preset_named(preset, net_size=_net_size(session.info()), mean_inside=_inside(preset, mean))
        self._pipeline = _pipeline(session, chosen, batch, mean)
        first_ms = _first_infer_ms(self._pipeline, self._item(self._pictures.originals(batch), 0))
        return {
            "load_ms": load_ms,
            "first_infer_ms": first_ms,
            "info": _as_json(session.info()),
            "peak_rss_bytes": peak_rss_bytes(),
            **self.environment(),
        }

    def run(
        self,
        *,
        iterations: int,
        launch: int,
        round: int,  # noqa: A002 - as in Block
        first: int = 0,
    ) -> dict[str, Any]:
        """Runs one block over pictures that no block has seen before.

        Args:
            iterations: How many.
            launch: Number of the launch, which draws the pictures.
            round: Number of the round, which does too.
            first: Number of the first picture: where the block before ended.

        Returns:
            ``stamps`` (n rows of 6 nanoseconds), what the host did meanwhile, and ``prepare_ms``.

        Raises:
            CtkError: Whatever a stage raises.
        """
        if self._pipeline is None:
            raise InternalFault("CTK702", "a block was asked for before an artifact was loaded")
        started = perf_counter_ns()
        items = self._fresh_items(iterations, picture_generator(self._seed, launch, round), first)
        prepare_ms = (perf_counter_ns() - started) / 1e6
        gc.collect()
        gc.disable()
        try:
            self._meter.start()
            stamps = time_block(self._pipeline, items)
            happened = self._meter.stop()
        finally:
            gc.enable()
        return {
            "stamps": stamps.tolist(),
            **asdict(happened),
            "prepare_ms": prepare_ms,
            "peak_rss_bytes": peak_rss_bytes(),
        }

    def environment(self) -> dict[str, Any]:
        """The environment variables that runtimes read, as this process has them."""
        return {"variables": {name: str(value) for name, value in runtime_variables(os.environ).items()}}

    def _fresh_items(self, iterations: int, generator: np.random.Generator, first: int = 0) -> list[Any]:
        assert self._pictures is not None
        files = self._pictures.variations(first, iterations * self._batch, generator)
        return [self._item(files, index * self._batch) for index in range(iterations)]

    def _item(self, files: Sequence[bytes], start: int) -> Any:
        """What ``decode`` takes: a picture file, or as many of them as a batch holds."""
        if self._batch == 1:
            return files[start % len(files)]
        return [files[(start + index) % len(files)] for index in range(self._batch)]


def _pipeline(session: Session, preset: Preset, batch: int, mean: str | None) -> Pipeline:
    if batch == 1:
        return picture_pipeline(session, preset, suffix=None, mean=mean)
    return batch_pipeline(session, preset, batch, mean=mean)


def _first_infer_ms(pipeline: Pipeline, item: Any) -> float:
    prepared = pipeline.pre(pipeline.decode(item))
    started = perf_counter_ns()
    pipeline.infer(prepared)
    return (perf_counter_ns() - started) / 1e6


def _inside(preset: str, mean: str | None) -> bool | None:
    """Only `exact` serves networks of both kinds and must be told; `refuse_unfit` judges all others."""
    return mean == "inside" if preset == "exact" and mean is not None else None


def _net_size(info: BackendInfo) -> tuple[int, int]:
    """Height and width that the network reads; those of the main model where the artifact leaves them open."""
    source, _ = only_input_and_output(info)
    height, width = (*info.inputs[source].shape, None, None)[2:4]
    return height or 224, width or 224


def _as_json(info: BackendInfo) -> dict[str, Any]:
    """Facts for the document; the layers' precisions may be thousands and are not among them."""
    return {
        "name": info.name,
        "runtime_version": info.runtime_version,
        "device": info.device,
        "providers": list(info.providers),
        "precision_requested": info.precision_requested,
        "precision_executed": info.precision_executed,
        "threads": info.threads,
        "settings": dict(info.settings),
    }
