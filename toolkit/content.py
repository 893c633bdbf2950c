"""What a file is, told by its first bytes and not only by its suffix (DESIGN §4)."""

from __future__ import annotations

import re
from pathlib import Path

from toolkit.errors import BadInput, Where

# Possessive and atomic: on a file of many comments, backtracking would take exponential time.
_HTML = re.compile(
    rb"\s*+(?:<!--(?>.*?-->)\s*+)*+<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
HEAD_BYTES = 4096
"""How much of a file `sniff` wants to see."""
_LFS = b"version https://git-lfs.github.com/spec/"
_PROTOTXT = re.compile(
    rb"\s*(name|layers?|input(_dim|_shape)?|state|force_backward|debug_info)\s*[:{<\[]", re.DOTALL
)
# The root of an OpenVINO IR; all that may stand before it begins with <? or <!.
_NET = re.compile(rb"\A(?>[^<]|<[?!])*+<net[\s>]")
_COMMENTS = re.compile(rb"#[^\n]*")
# Magic numbers of files that are given in place of another, by what they are called in messages.
_MAGIC = (
    (b"\x93NUMPY", "npy"),
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"IMOD", "om"),
    (b"%PDF", "pdf"),
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
)
_STAND_INS = {
    "html": "an HTML page, such as a web server sends in place of a file that is gone",
    "git-lfs": "a Git LFS pointer; the file itself was not fetched (run `git lfs pull` where it came from)",
}


def sniff(head: bytes) -> str:
    """What the first bytes of a file are.

    Args:
        head: Up to a few thousand bytes from the start of the file.

    Returns:
        ``empty``, ``html``, ``git-lfs``, ``prototxt``, ``caffemodel``, ``onnx``, ``ir`` (OpenVINO's xml),
        ``npy``, ``zip``, ``gzip``, ``om``, ``pdf``, ``png``, ``jpeg``, ``hdf5`` or ``unknown``.
    """
    if not head:
        return "empty"
    if head.startswith(_LFS):
        return "git-lfs"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    head = head.removeprefix(b"\xef\xbb\xbf")
    if _HTML.match(head):
        return "html"
    if head.lstrip().startswith((b"<?xml", b"<net", b"<!--")):
        return "ir" if _NET.search(head) else "unknown"
    if _PROTOTXT.match(_COMMENTS.sub(b"", head)):
        return "prototxt"
    return _protobuf_kind(head)


def refuse_stand_in(head: bytes, path: Path, wanted: str) -> None:
    """Names the usual things found in place of a binary file.

    Raises:
        BadInput: CTK502 when the file is empty, an HTML page, a Git LFS pointer or another known format.
    """
    kind = sniff(head)
    if kind in {wanted, "unknown"} or (kind == "caffemodel" and wanted == "onnx"):
        return
    raise BadInput("CTK502", f"this is not a {wanted} but {describe(kind)}", Where(file=str(path)))


def describe(kind: str) -> str:
    """A kind that `sniff` found, in words."""
    return _STAND_INS.get(kind) or ("an empty file" if kind == "empty" else f"a file of kind {kind}")


def _protobuf_kind(head: bytes) -> str:
    if not head:  # a byte order mark and nothing else
        return "unknown"
    # ONNX: ModelProto begins with ir_version (field 1, varint); a NetParameter's field 1 is a string,
    # its layers are field 100 (tag A2 06) or 2 (tag 12).
    if (
        head[0] == 0x08
        and len(head) > 2
        and head[1] < 0x40
        and head[2] in {0x12, 0x1A, 0x22, 0x2A, 0x32, 0x3A, 0x42}
    ):
        return "onnx"
    if head[0] == 0x0A or head[:2] == b"\xa2\x06" or head[0] == 0x12:
        return "caffemodel"
    return "unknown"
