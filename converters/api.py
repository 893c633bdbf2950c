"""The Python API of conversion: one call that means what `ctk convert` means (DESIGN §2)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from converters.options import ConvertOptions
from converters.request import ConversionRequest
from converters.source_format import source_format
from toolkit import plugins
from toolkit.artifact import Artifact
from toolkit.errors import UsageFault

FORMATS = ("caffe", "onnx", "openvino", "om", "torch")


def convert(
    files: Sequence[Path | str] | Path | str = (),
    *,
    source: str | None = None,
    to: str = "onnx",
    model: str | None = None,
    output: Path | str | None = None,
    options: ConvertOptions | None = None,
) -> Artifact:
    """Converts a network from one format to another.

    Args:
        files: The network's files in any order, or one file; none for a model card.
        source: Format of ``files``; by default what their content shows, or `caffe`.
        to: Format wanted.
        model: Model card; `colorization-v2-norebal` without files.
        output: File or folder to write (a text that ends with a slash is a folder, which is made); by default
            ``ctk-out/MODEL/FORMAT/``.
        options: Everything else.

    Returns:
        The artifact, with its provenance.

    Raises:
        UsageFault: CTK602 for a route that nobody registered; others as the route raises.
        BadInput: The files are wrong; CTK502 when they are plainly of another format than ``source``.
        EnvironmentFailed: The target cannot be written, or weights are missing.
    """
    options = options or ConvertOptions()
    paths = tuple(Path(file) for file in ([files] if isinstance(files, (str, Path)) else files))
    route = route_for(source or source_format(paths), to)
    source_format(paths, source)
    return route.convert(ConversionRequest(paths, model, output, options))


class Route(Protocol):
    """What the entry points of `ctk.converters` are: classes whose instances convert."""

    def convert(self, request: ConversionRequest) -> Artifact:
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
