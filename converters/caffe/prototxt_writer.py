"""Writes a network as the text that Caffe reads."""

from __future__ import annotations

from google.protobuf import text_format

from converters.caffe.schema import NetParameter


def format_prototxt(message: NetParameter) -> str:
    """The network as text: one field on each line, two spaces for each level, ``layer {`` blocks last.

    Lists are written as repeated fields, which every version of protobuf that Caffe was built with reads;
    floats with as few digits as give the same float32 again. Reading the text gives an equal message.
    """
    return text_format.MessageToString(message, as_utf8=True)
