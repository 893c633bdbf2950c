"""What a child process does in the modes beside latency, and for times of layers: commands of the worker."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.bench_work import BenchWork
from benchmarks.harness.picture_pipeline import only_input_and_output
from benchmarks.harness.process_memory import peak_rss_bytes
from benchmarks.harness.schedule import picture_generator
from benchmarks.harness.stage_timing import Pipeline, time_block
from benchmarks.modes.arrivals import serve_arrivals
from benchmarks.modes.in_flight import keep_in_flight
from toolkit.backends.asynchronous import AsyncSession, open_async
from toolkit.backends.profiling import open_profiling
from toolkit.errors import InternalFault

# Inputs of a throughput window; each comes round again only behind all others.
_INPUTS_PER_SLOT = 4
_LEAST_INPUTS = 8
# Different pictures of a stream; with more arrivals than that they come round again.
_MOST_PICTURES = 64
_WARMING_RUNS = 2


class ModeWork(BenchWork):
    """As `BenchWork`, for a process of which `commands` are asked as well."""

    def __init__(self) -> None:
        super().__init__()
        self._flying: AsyncSession | None = None
        self._shapes: Callable[[Any], dict[str, NDArray[Any]]] | None = None

    def commands(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """What the worker understands beside the harness's own commands."""
        return {
            "load_in_flight": self.load_in_flight,
            "throughput": self.throughput,
            "stream": self.stream,
            "layers": self.layers,
        }

    def load_in_flight(self, *, in_flight: int | None, **asked: Any) -> dict[str, Any]:
        """Loads as `load` does, then again for several inferences at a time.

        Args:
            in_flight: How many; the runtime's own optimum when None.
            asked: As `load`.

        Returns:
            As `load`, of the second loading, with ``slots``.
        """
        found = self.load(**asked)
        assert self._session is not None
        source, _ = only_input_and_output(self._session.info())
        self._session.close()
        self._session = None
        started = perf_counter_ns()
        self._flying = open_async(
            asked["backend"],
            Path(asked["artifact"]),
            asked["threads"],
            in_flight=in_flight,
            precision=asked["precision"],
            device=asked["device"],
            **asked["options"],
        )
        load_ms = (perf_counter_ns() - started) / 1e6
        self._shapes = lambda prepared: {source: _input(prepared)}
        info = self._flying.info()
        feed = self._feeds(1, launch=0)[0]
        started = perf_counter_ns()
        self._flying.wait(self._flying.start(feed))
        # What is timed is this session; the one before may run another precision, or on another device.
        found["info"] |= {
            "threads": info.threads,
            "settings": dict(info.settings),
            "precision_executed": info.precision_executed,
            "device": info.device,
        }
        return found | {
            "load_ms": load_ms,
            "first_infer_ms": (perf_counter_ns() - started) / 1e6,
            "slots": self._flying.slots,
            "peak_rss_bytes": peak_rss_bytes(),
        }

    def throughput(self, *, warmup_s: float, window_s: float, launch: int) -> dict[str, Any]:
        """Keeps all slots busy for a fixed time.

        Returns:
            ``spans`` (n rows of begin and end in nanoseconds), ``window``, and what the host did meanwhile.
        """
        if self._flying is None:
            raise InternalFault("CTK702", "a throughput was asked for before an artifact was loaded for it")
        feeds = self._feeds(max(_LEAST_INPUTS, _INPUTS_PER_SLOT * self._flying.slots), launch)
        with self._measured() as happened:
            flown = keep_in_flight(self._flying, feeds, warmup_s=warmup_s, window_s=window_s)
        return {"spans": flown.spans_ns.tolist(), "window": list(flown.window_ns), **happened}

    def stream(self, *, rate: float, arrivals: int, queue: int, launch: int) -> dict[str, Any]:
        """Serves pictures that arrive on a clock, all stages of each.

        Returns:
            ``due`` (nanoseconds), ``stamps`` (6 for each), ``dropped``, and what the host did meanwhile.
        """
        pipeline = self._loaded()
        different = min(arrivals, _MOST_PICTURES)
        first = launch * different * self._batch
        items = self._fresh_items(different, picture_generator(self._seed, launch, 0), first)

        def serve(number: int) -> Sequence[int]:
            stamps: list[int] = time_block(pipeline, [items[number % len(items)]])[0].tolist()
            return stamps

        with self._measured() as happened:
            found = serve_arrivals(arrivals, round(1e9 / rate), queue, serve)
        return {"due": found.due_ns, "stamps": found.stamps_ns, "dropped": len(found.dropped), **happened}

    def layers(self, *, iterations: int, launch: int, **asked: Any) -> dict[str, Any]:
        """Times of single layers, from a session of its own that counts them.

        Args:
            iterations: Runs that are counted.
            launch: Draws the pictures.
            asked: As `load`.

        Returns:
            ``layers``, and ``infer_ms``, the median of the very runs that were counted.

        Raises:
            UsageFault: CTK604 when the backend counts no layers.
        """
        found = self.load(**asked)
        assert self._session is not None
        source, _ = only_input_and_output(self._session.info())
        self._session.close()
        self._shapes = lambda prepared: {source: _input(prepared)}
        feeds = self._feeds(_WARMING_RUNS + iterations, launch)
        where = {word: asked[word] for word in ("precision", "device")}
        with open_profiling(
            asked["backend"], Path(asked["artifact"]), asked["threads"], **where, **asked["options"]
        ) as session:
            for feed in feeds[:_WARMING_RUNS]:
                session.run(feed)
            session.start_profile()
            spent = []
            for feed in feeds[_WARMING_RUNS:]:
                started = perf_counter_ns()
                session.run(feed)
                spent.append(perf_counter_ns() - started)
            counted = [asdict(layer) for layer in session.layer_times()]
        return {"layers": counted, "infer_ms": median(spent) / 1e6, "info": found["info"]}

    def _loaded(self) -> Pipeline:
        if self._pipeline is None:
            raise InternalFault("CTK702", "a measurement was asked for before an artifact was loaded")
        return self._pipeline

    def _feeds(self, count: int, launch: int) -> list[Mapping[str, NDArray[Any]]]:
        """Inputs of the network, each of other pictures."""
        pipeline = self._loaded()
        assert self._shapes is not None
        first = launch * count * self._batch
        items = self._fresh_items(count, picture_generator(self._seed, launch, 0), first)
        return [self._shapes(pipeline.pre(pipeline.decode(item))) for item in items]

    @contextmanager
    def _measured(self) -> Iterator[dict[str, Any]]:
        """As in `run`: no garbage collection meanwhile. What the host did is in the mapping afterwards."""
        happened: dict[str, Any] = {}
        gc.collect()
        gc.disable()
        try:
            self._meter.start()
            yield happened
            happened |= asdict(self._meter.stop())
        finally:
            gc.enable()
        happened["peak_rss_bytes"] = peak_rss_bytes()


def _input(prepared: Any) -> NDArray[Any]:
    """What the network reads of one prepared picture, or of a batch of them."""
    if isinstance(prepared, list):
        return np.concatenate([picture.input for picture in prepared])
    array: NDArray[Any] = prepared.input
    return array
