"""The pair of an IR: what the xml says, and which bin belongs to it; hostile xml does no harm."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from toolkit.errors import BadInput
from toolkit.ir_files import bin_of, check_pair, read_facts

NUMBERS = bytes(range(40))
CONST = '<layer id="{0}" name="c{0}" type="Const"><data offset="{1}" size="{2}" /></layer>'


def xml_text(facts: str = "", *, layers: str = CONST.format(0, 0, 16) + CONST.format(1, 16, 24)) -> str:
    return (
        f'<?xml version="1.0"?>\n<net name="n" version="11"><layers>{layers}</layers>'
        f"<edges/><rt_info>{facts}</rt_info></net>\n"
    )


def ours(digest: str) -> str:
    return f'<ctk><bin_sha256 value="{digest}" /><schema value="ctk.artifact/1" /></ctk>'


def pair(folder: Path, text: str | bytes, numbers: bytes | None = NUMBERS) -> Path:
    xml = folder / "net.xml"
    xml.write_bytes(text if isinstance(text, bytes) else text.encode())
    if numbers is not None:
        (folder / "net.bin").write_bytes(numbers)
    return xml


def refused(xml: Path) -> str:
    with pytest.raises(BadInput) as caught:
        check_pair(xml)
    assert caught.value.where.file == str(xml)
    return f"{caught.value.code} {caught.value.what}"


def test_where_the_bin_lies():
    assert bin_of(Path("a/net.v2.xml")) == Path("a/net.v2.bin")
    with pytest.raises(BadInput, match="CTK501"):
        bin_of(Path())


def test_foreign_pair_is_judged_by_size(tmp_path: Path):
    xml = pair(tmp_path, xml_text())
    facts = check_pair(xml)
    assert (facts.bin_bytes, facts.bin_sha256, facts.facts) == (40, None, {})
    assert "has 39 bytes, and the xml needs 40" in refused(pair(tmp_path, xml_text(), NUMBERS[:-1]))
    check_pair(pair(tmp_path, xml_text(), NUMBERS + b"more"))


def test_pair_that_cannot_be_verified_is_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    check_pair(pair(tmp_path, xml_text(ours(hashlib.sha256(NUMBERS).hexdigest()))))
    check_pair(pair(tmp_path, xml_text()))  # no other maker states one
    assert capsys.readouterr().err == ""
    xml = pair(tmp_path, xml_text('<ctk><schema value="ctk.artifact/1" /></ctk>'))
    assert check_pair(xml).bin_sha256 is None
    assert capsys.readouterr().err.startswith(
        f"note: {xml}: whether net.bin was written with it cannot be verified"
    )


def test_our_pair_is_judged_by_its_hash(tmp_path: Path):
    text = xml_text(ours(hashlib.sha256(NUMBERS).hexdigest()))
    facts = check_pair(pair(tmp_path, text))
    assert facts.bin_sha256 == hashlib.sha256(NUMBERS).hexdigest()
    assert facts.facts == {"schema": "ctk.artifact/1"}
    other = pair(tmp_path, text, NUMBERS[:-1] + b"x")
    assert "is not the file that was written with it" in refused(other)
    check_pair(other, sha256=False)


def test_bin_is_missing(tmp_path: Path):
    assert refused(pair(tmp_path, xml_text(), None)).startswith("CTK520")
    none_needed = xml_text(layers='<layer id="0" name="x" type="Parameter"><data shape="1" /></layer>')
    assert check_pair(pair(tmp_path, none_needed, None)).bin_bytes == 0


def test_only_facts_of_our_own_section_count(tmp_path: Path):
    text = xml_text(
        '<info name="x" value="y" /><other><schema value="no" /></other><ctk><a value="1" /></ctk>'
    )
    assert read_facts(pair(tmp_path, text)).facts == {"a": "1"}
    inside_a_layer = xml_text(layers='<layer><rt_info><ctk><a value="2" /></ctk></rt_info></layer>')
    assert read_facts(pair(tmp_path, inside_a_layer)).facts == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (xml_text()[:120], "cannot be read"),
        ('<?xml version="1.0"?><net><a></b></net>', "cannot be read"),
        ('<?xml version="1.0"?><model><net /></model>', "begins with <model>"),
        ('<!DOCTYPE net [<!ENTITY a "aaaa">]><net name="&a;" />', "document type"),
        ('<?xml version="1.0"?><!DOCTYPE net [<!ENTITY a "aaaa">]><net name="&a;" />', "document type"),
        ('<?xml version="1.0"?><!DOCTYPE net SYSTEM "file:///etc/passwd"><net />', "document type"),
        ('<?xml version="1.0"?><net name="\xff" />'.encode("latin-1"), "cannot be read"),
        (xml_text(layers='<data offset="-1" size="4" />'), "no offset or size"),
        (xml_text(layers=f'<data offset="{"9" * 5000}" size="4" />'), "no offset or size"),
        (xml_text(layers='<data offset="٣" size="4" />'), "no offset or size"),
        (xml_text(ours("g" * 64)), "sha256 of its bin"),
        (xml_text(layers="<a>" * 2000 + "</a>" * 2000), "too deeply"),
        (
            xml_text(layers='<data offset="1000000000000000000" size="8" />'),
            "the xml needs 1000000000000000008",
        ),
        ("", "502"),
        ("<html><body>gone</body></html>", "502"),
    ],
)
def test_damaged_and_hostile_xml(tmp_path: Path, text: str | bytes, why: str):
    assert why in refused(pair(tmp_path, text))


def test_missing_xml_and_folder(tmp_path: Path):
    assert refused(tmp_path / "absent.xml").startswith("CTK501")
    assert refused(tmp_path).startswith("CTK501")
