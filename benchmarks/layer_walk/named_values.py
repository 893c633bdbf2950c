"""Names of the values inside an artifact."""

from __future__ import annotations

from pathlib import Path

from toolkit.backends.openvino_reading import format_of


def named_values(artifact: Path) -> frozenset[str]:
    """Every name under which `exposing.with_every_value` can show a value, and those of the outputs.

    Args:
        artifact: An ONNX file, or the xml of an IR.

    Raises:
        BadInput: CTK501 or CTK502 for the file, CTK517 or CTK520 when it is damaged.
    """
    if format_of(artifact) == "openvino":
        from converters.openvino.ir_xml import read_xml

        layers = read_xml(artifact).layers.values()
        return frozenset(name for layer in layers if layer.type != "Const" for name in layer.tensor_names)
    from toolkit.backends.onnx_outline import parsed

    return frozenset(name for node in parsed(artifact).graph.node for name in node.output if name)
