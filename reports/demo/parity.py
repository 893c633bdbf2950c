"""The demo's check: every sample through onnxruntime and through caffe-reference, and one fault that must show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.image_quality.delta_e2000 import DeltaE2000
from benchmarks.parity_check.compare import compare_outputs, delta_e2000
from benchmarks.parity_check.rule import Tolerance, default_tolerance
from converters.caffe.network import Net
from converters.caffe.reference import run_reference
from reports.demo.document import Control, DemoParity, PictureParity
from reports.demo.samples import Sample
from toolkit.atomic import write_atomically
from toolkit.backends.protocol import Session
from toolkit.presets.preset import PreparedPicture, Preset

Outputs = dict[str, NDArray[Any]]
TEMPERATURE_LAYER = "conv8_313_rh"


@dataclass(frozen=True, slots=True)
class Judge:
    """Both sides of the check, and the rule between them."""

    session: Session
    net: Net
    preset: Preset
    tolerance: Tolerance

    def picture(self, sample: Sample, folder: Path | None) -> tuple[PictureParity, Control | None]:
        """Judges one sample; writes the coloured picture into ``folder`` when one is given."""
        picture = self.preset.decode(sample.data, sample.name)
        prepared = self.preset.pre(picture)
        kept = [*self.net.outputs, *logits_of(self.net)]
        values = run_reference(self.net, {self.net.inputs[0]: prepared.input}, kept)
        wanted = {name: values[name] for name in self.net.outputs}
        found = self.session.run({self.net.inputs[0]: prepared.input})
        target = self._coloured(found, prepared)
        parity = PictureParity(
            picture=sample.name,
            width=picture.shape[1],
            height=picture.shape[0],
            outputs=list(compare_outputs(wanted, found, self.tolerance).outputs),
            delta_e2000=self._difference(self._coloured(wanted, prepared), target),
            coloured=self._saved(target, sample, folder),
        )
        return parity, self._control(values, wanted, prepared)

    def _control(self, values: Outputs, wanted: Outputs, prepared: PreparedPicture) -> Control | None:
        """The softmax temperature left out, as public conversions did: the check must see it."""
        faulty = without_temperature(self.net)
        if faulty is None:
            return None
        found = run_reference(faulty, {name: values[name] for name in logits_of(faulty)})
        outputs = compare_outputs(wanted, found, self.tolerance)
        return Control(
            fault=f"softmax temperature dropped ({TEMPERATURE_LAYER} = 1)",
            outputs=list(outputs.outputs),
            delta_e2000=self._difference(self._coloured(wanted, prepared), self._coloured(found, prepared)),
            seen=outputs.verdict == "fail",
        )

    def _coloured(self, outputs: Outputs, prepared: PreparedPicture) -> NDArray[Any]:
        output = outputs[self.net.outputs[0]].astype(np.float32)
        return self.preset.post(output, prepared.kept)

    def _difference(self, reference: NDArray[Any], picture: NDArray[Any]) -> DeltaE2000:
        return delta_e2000(self.preset.to_rgb(reference), self.preset.to_rgb(picture))

    def _saved(self, picture: NDArray[Any], sample: Sample, folder: Path | None) -> str | None:
        if folder is None:
            return None
        target = folder / f"{sample.name}.png"
        write_atomically(target, self.preset.encode(picture, ".png"))
        return str(target)


def without_temperature(net: Net) -> Net | None:
    """The network with its softmax scale at 1, or None when it has none."""
    layers = list(net.layers)
    for i, layer in enumerate(layers):
        if layer.name == TEMPERATURE_LAYER and layer.blobs:
            ones = replace(layer.blobs[0], values=np.ones_like(layer.blobs[0].values))
            layers[i] = replace(layer, blobs=(ones, *layer.blobs[1:]))
            return replace(net, layers=tuple(layers))
    return None


def logits_of(net: Net) -> tuple[str, ...]:
    """Values that the softmax temperature multiplies."""
    return tuple(name for layer in net.layers if layer.name == TEMPERATURE_LAYER for name in layer.bottoms)


def check_parity(
    session: Session,
    net: Net,
    preset: Preset,
    samples: Sequence[Sample],
    folder: Path | None,
    progress: Callable[[str], None],
) -> DemoParity:
    """Judges all samples, and on each the control that must fail.

    Args:
        session: The converted artifact, loaded.
        net: The Caffe network it was made from.
        preset: Pre- and postprocessing of both sides.
        samples: Pictures.
        folder: Where coloured pictures go, or None.
        progress: Told what happens next.
    """
    info = session.info()
    judge = Judge(session, net, preset, default_tolerance(info.precision_executed))
    pictures: list[PictureParity] = []
    controls: list[Control] = []
    for sample in samples:
        progress(f"parity on {sample.name}: {info.name} against caffe-reference")
        parity, control = judge.picture(sample, folder)
        pictures.append(parity)
        if control is not None:
            controls.append(control)
    failed = any(output.status == "fail" for picture in pictures for output in picture.outputs)
    blind = not all(control.seen for control in controls)
    return DemoParity(
        reference="caffe-reference",
        backend=info.name,
        precision_executed=info.precision_executed,
        pictures=pictures,
        controls=controls,
        verdict="inconclusive" if blind or not pictures else "fail" if failed else "pass",
    )
