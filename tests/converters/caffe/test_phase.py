"""Which layers are kept (caffe_semantics.md §3)."""

from __future__ import annotations

from itertools import product

import pytest

from converters.caffe.phase import kept_layers, rule_matches
from converters.caffe.prototxt import parse_prototxt
from converters.caffe.schema import TEST, TRAIN, NetParameter, NetStateRule
from toolkit.errors import BadInput, Where

RULES = [
    # rule, stages of the file, whether it matches at phase TEST and level 0
    (NetStateRule(), [], True),
    (NetStateRule(phase=TEST), [], True),
    (NetStateRule(phase=TRAIN), [], False),
    (NetStateRule(min_level=0), [], True),
    (NetStateRule(min_level=1), [], False),
    (NetStateRule(min_level=-1, max_level=1), [], True),
    (NetStateRule(max_level=0), [], True),
    (NetStateRule(max_level=-1), [], False),
    (NetStateRule(stage=["a"]), [], False),
    (NetStateRule(stage=["a"]), ["b", "a"], True),
    (NetStateRule(stage=["a", "b"]), ["a"], False),
    (NetStateRule(not_stage=["a"]), [], True),
    (NetStateRule(not_stage=["a"]), ["a"], False),
    (NetStateRule(not_stage=["a", "b"]), ["b"], False),
    (NetStateRule(stage=["a"], not_stage=["b"]), ["a"], True),
    (NetStateRule(stage=["a"], phase=TRAIN), ["a"], False),
    (NetStateRule(phase=TEST, min_level=1), [], False),
]


@pytest.mark.parametrize(("rule", "stages", "matches"), RULES)
def test_rule(rule: NetStateRule, stages: list[str], matches: bool) -> None:
    assert rule_matches(rule, stages) is matches


@pytest.mark.parametrize("answers", list(product([True, False], repeat=2)))
def test_any_rule_decides(answers: tuple[bool, bool]) -> None:
    rules = [NetStateRule(phase=TEST if answer else TRAIN) for answer in answers]
    net = NetParameter()
    net.layer.add(include=rules)
    net.layer.add(exclude=rules)
    net.layer.add(phase=TRAIN)  # the layer's own phase is not a rule
    kept = kept_layers(net, lambda index: Where(line=index))
    assert (0 in kept) is any(answers)
    assert (1 in kept) is not any(answers)
    assert 2 in kept


def test_include_and_exclude_together() -> None:
    net = NetParameter()
    net.layer.add()
    net.layer.add(include=[NetStateRule()], exclude=[NetStateRule(phase=TRAIN)])
    with pytest.raises(BadInput) as caught:
        kept_layers(net, lambda index: Where(line=index))
    assert (caught.value.code, caught.value.where.line) == ("CTK505", 1)


def test_phase_and_level_of_the_file_are_overridden_and_its_stages_count() -> None:
    text = """
        state { phase: TRAIN level: 3 stage: "deploy" }
        layer { name: "a" include { phase: TEST } }
        layer { name: "b" include { phase: TRAIN } }
        layer { name: "c" include { min_level: 1 } }
        layer { name: "d" include { stage: "deploy" } }
        layer { name: "e" exclude { stage: "deploy" } }
        layer { name: "f" include { phase: TRAIN } include { not_stage: "x" } }
    """
    net = parse_prototxt(text.encode(), "net.prototxt")
    assert [layer.name for layer in net.message.layer] == ["a", "d", "f"]
    assert [net.line_of(index) for index in range(3)] == [3, 6, 8]
