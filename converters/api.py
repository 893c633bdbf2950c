"""The Python API of conversion: one call that means what `ctk convert` means (DESIGN §2)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from converters.caffe_files import CaffeFiles, from_card, from_paths
from converters.options import ConvertOptions
from toolkit import plugins
from toolkit.artifact import Artifact
from toolkit.errors import UsageFault

FORMATS = ("caffe", "onnx", "openvino", "om", "torch")


def convert(
    files: Sequence[Path | str] = (),
    *,
    source: str = "caffe",
    to: str = "onnx",
    model: str | None = None,
    output: Path | str | None = None,
    options: ConvertOptions | None = None,
) -> Artifact:
    """Converts a network from one format to another.

    Args:
        files: The network's files in any order; none for a model card.
        source: Format of ``files``.
        to: Format wanted.
        model: Model card; `colorization-v2-norebal` without files.
        output: File or folder to write (a text that ends with a slash is a folder, which is made); by default
            ``ctk-out/MODEL/FORMAT/``.
        options: Everything else.

    Returns:
        The artifact, with its provenance.

    Raises:
        UsageFault: CTK602 for a route that nobody registered; others as the route raises.
        BadInput: The files are wrong.
        EnvironmentFailed: The target cannot be written, or weights are missing.
    """
    options = options or ConvertOptions()
    route = route_for(source, to)
    paths = [Path(file) for file in files]
    given = from_paths(paths, model) if paths else from_card(model, options)
    return route.convert(given, output, options)


class Route(Protocol):
    """What the entry points of `ctk.converters` are: classes whose instances convert."""

    def convert(self, files: CaffeFiles, output: Path | str | None, options: ConvertOptions) -> Artifact:
        """Converts, writes, and returns the artifact with its provenance."""
        ...


def route_for(source: str, to: str) -> Route:
    """The registered converter for a pair of formats.

    Raises:
        UsageFault: CTK602 when there is none.
    """
    name = f"{source}->{to}"
    known = plugins.members(plugins.CONVERTERS)
    if name not in known:
        raise UsageFault("CTK602", f"no conversion {name} is offered", notes=["offered: " + ", ".join(known)])
    route: Route = plugins.load_member(plugins.CONVERTERS, name, "conversion")()
    return route
