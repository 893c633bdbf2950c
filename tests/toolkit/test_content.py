"""What a file is, told by its first bytes; hostile ones take no longer than others."""

import subprocess
import sys
from pathlib import Path

import pytest

from toolkit.content import refuse_stand_in, sniff
from toolkit.errors import BadInput


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>", "html"),
        (b"\xef\xbb\xbf\r\n<HTML lang=en>", "html"),
        (b"<!-- a --> <!-- b -->\n<head>", "html"),
        (b"<!-- <html> in a comment only -->", "unknown"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git-lfs"),
        (b'# a net\nname: "LtoAB"\nlayer {', "prototxt"),
        (b'\xef\xbb\xbfname: "LtoAB"', "prototxt"),
        (b"layer{", "prototxt"),
        (b"\x93NUMPY\x01\x00", "npy"),
        (b"\x89PNG\r\n", "png"),
        (b'<?xml version="1.0"?>\n<net name="a">', "ir"),
        (b"\x08\x07\x12\x03ctk", "onnx"),
        (b'\xef\xbb\xbf<!-- made by hand -->\n<net name="a">', "ir"),
        (b'<?xml version="1.0"?><network><net /></network>', "unknown"),
        (b'<?xml version="1.0"?><network />', "unknown"),
        (b"\n\x05LtoAB\xa2\x06", "caffemodel"),
        (b"hello world", "unknown"),
    ],
)
def test_kinds(head: bytes, kind: str) -> None:
    assert sniff(head) == kind


def test_a_stand_in_is_named() -> None:
    with pytest.raises(
        BadInput, match=r"CTK502 this is not a caffemodel but an HTML page.*\(a\.caffemodel\)"
    ):
        refuse_stand_in(b"<html>", Path("a.caffemodel"), "caffemodel")


@pytest.mark.parametrize(
    "head", [b"<!---->" * 500 + b"x", b" " * 4000, b"<!--" * 1000, b"#\n" * 2000, b"<!-- -->\n" * 400]
)
def test_many_comments_take_no_exponential_time(head: bytes) -> None:
    # In a process that can be ended: a regular expression that runs away cannot be interrupted here.
    code = "import sys; from toolkit.content import sniff; print(sniff(sys.stdin.buffer.read()))"
    done = subprocess.run(
        [sys.executable, "-c", code], input=head, capture_output=True, timeout=30, check=True
    )
    assert done.stdout == b"unknown\n"
