"""Makes mutants of a Python source: one small change each, found by walking its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass

_BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
}
_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_NAMES = {
    "floor": "ceil",
    "ceil": "floor",
    "min": "max",
    "max": "min",
    "minimum": "maximum",
    "maximum": "minimum",
    "any": "all",
    "all": "any",
    "zeros": "ones",
    "ones": "zeros",
    "sum": "prod",
    "mean": "sum",
    "exp": "log",
    "sqrt": "square",
}
# Calls that do not care about the order of their arguments.
_SYMMETRIC = {"max", "min", "maximum", "minimum", "array_equal", "gcd"}
_SYMMETRIC_OPERATORS = {"Add", "Mul", "Max", "Min", "Sum", "And", "Or", "Equal"}
# Keywords that change no result of sound code: zip's check, and the type of a product of Python's integers.
_CHECKS_OF_OUR_OWN = {"strict", "dtype"}
# Calls whose arguments are words for a person.
_MESSAGES = {"fault", "UsageFault", "BadInput", "TypeVar"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed source.

    Attributes:
        line: 1-based line of the change in the original.
        change: What was changed, in a few words.
        source: The original line, without indentation.
        tree: The changed module.
    """

    line: int
    change: str
    source: str
    tree: ast.Module


def mutants(text: str) -> list[Mutant]:
    """All mutants of a source, in the order of its lines; equal changes of one line only once."""
    tree = ast.parse(text)
    _mark_symmetric(tree)
    lines = text.splitlines()
    found: dict[tuple[int, int, str], Mutant] = {}
    for place, node in enumerate(_walk(tree)):
        for number, (change, _) in enumerate(_changes(node)):
            copy = deepcopy(tree)
            target = next(other for at, other in enumerate(_walk(copy)) if at == place)
            _changes(target)[number][1]()
            line = _line_of(node, change)
            key = (line, getattr(node, "col_offset", 0), change)
            found[key] = Mutant(line, change, lines[line - 1].strip(), ast.fix_missing_locations(copy))
    return sorted(found.values(), key=lambda mutant: mutant.line)


def _mark_symmetric(tree: ast.AST) -> None:
    """Marks lists whose order means nothing: inputs of a symmetric operator, axes of a reduction."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = str(node.args[0].value)
            for argument in (
                node.args[1:] if name in _SYMMETRIC_OPERATORS or name.startswith("Reduce") else []
            ):
                argument.symmetric = True  # type: ignore[attr-defined]


def _line_of(node: ast.AST, change: str) -> int:
    """The line of a node; where a statement of its body was left out, that statement's."""
    for statement in (
        (getattr(node, "body", []) if isinstance(getattr(node, "body", None), list) else [])
        if change.startswith("without ")
        else []
    ):
        if _left_out(statement) == change:
            return int(statement.lineno)
    return int(getattr(node, "lineno", 1))


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that may be changed: no annotations, decorators, imports, docstrings, nor texts for people."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.Import | ast.ImportFrom | ast.JoinedStr):
            continue
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if child in _unread(tree):
            continue
        yield child
        yield from _walk(child)


def _unread(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.FunctionDef):
        return [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]
    if isinstance(node, ast.ClassDef):
        return list(node.decorator_list)
    if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").istitle():
        return [node.value]  # an alias of a type
    if isinstance(node, ast.Compare):
        return [part for part in node.comparators if isinstance(part, ast.Constant) and part.value is None]
    if isinstance(node, ast.GeneratorExp):
        return [part.iter for part in node.generators if isinstance(part.iter, ast.Tuple)]
    if isinstance(node, ast.AnnAssign):
        return [node.annotation]
    if isinstance(node, ast.Raise) and node.exc is not None:
        return [node.exc]
    if isinstance(node, ast.keyword) and node.arg in _CHECKS_OF_OUR_OWN:
        return [node.value]
    if isinstance(node, ast.Call) and _called(node) in _MESSAGES:
        return [*node.args, *node.keywords]
    return []


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


Change = tuple[str, Callable[[], None]]


def _changes(node: ast.AST) -> list[Change]:
    """What can be changed in a node: a description, and the function that does it to this very node."""
    makers = (_operators, _comparison, _constant, _call, _order, _logic, _statements)
    return [change for maker in makers for change in maker(node)]


def _operators(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _BINARY:
        other = _BINARY[type(node.op)]
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.left, ast.Constant)
            and isinstance(node.left.value, str)
        ):
            return
        yield f"{type(node.op).__name__} -> {other.__name__}", lambda: setattr(node, "op", other())


def _comparison(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS:
        other = _COMPARISONS[type(node.ops[0])]
        yield f"{type(node.ops[0]).__name__} -> {other.__name__}", lambda: node.ops.__setitem__(0, other())


def _constant(node: ast.AST) -> Iterator[Change]:
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield f"{value} -> {not value}", lambda: setattr(node, "value", not value)
    elif isinstance(value, int | float):
        yield f"{value} -> {value + 1}", lambda: setattr(node, "value", value + 1)
    elif value is None:
        yield "None -> 1", lambda: setattr(node, "value", 1)


def _call(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Call) and _called(node) not in _MESSAGES:
        for i, keyword in enumerate(node.keywords):
            if keyword.arg not in _CHECKS_OF_OUR_OWN:
                yield f"without {keyword.arg}=", lambda i=i: node.keywords.pop(i)  # type: ignore[misc]
        name = _called(node)
        if name in _NAMES:
            yield f"{name} -> {_NAMES[name]}", lambda: _rename(node, _NAMES[name])


def _rename(node: ast.Call, name: str) -> None:
    if isinstance(node.func, ast.Attribute):
        node.func.attr = name
    elif isinstance(node.func, ast.Name):
        node.func.id = name


def _order(node: ast.AST) -> Iterator[Change]:
    """Two neighbours of a tuple, a list or a call's arguments exchanged."""
    if getattr(node, "symmetric", False):
        return
    if isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Load):
        items: list[ast.expr] = node.elts
    elif isinstance(node, ast.Call) and _called(node) not in _MESSAGES | _SYMMETRIC:
        items = node.args
    else:
        return
    for i in range(len(items) - 1):
        if ast.dump(items[i]) != ast.dump(items[i + 1]):
            yield f"items {i} and {i + 1} exchanged", lambda i=i: _exchange(items, i)  # type: ignore[misc]
            return


def _exchange(items: list[ast.expr], i: int) -> None:
    items[i], items[i + 1] = items[i + 1], items[i]


def _logic(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"{type(node.op).__name__} -> {other.__name__}", lambda: setattr(node, "op", other())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield f"without {type(node.op).__name__}", lambda: _undo(node)
    if isinstance(node, ast.If | ast.IfExp):
        for wanted in (True, False):
            yield f"if {wanted}", lambda wanted=wanted: setattr(node, "test", ast.Constant(wanted))  # type: ignore[misc]


def _undo(node: ast.UnaryOp) -> None:
    """The same operator once more, which leaves the value or its truth."""
    node.operand = ast.UnaryOp(type(node.op)(), node.operand)


def _statements(node: ast.AST) -> Iterator[Change]:
    """A call for its effect, or a change in place, left out."""
    body: list[ast.stmt] = getattr(node, "body", [])
    if not isinstance(body, list):
        return
    for i, statement in enumerate(body):
        what = _left_out(statement)
        if what:
            yield what, lambda i=i: body.__setitem__(i, ast.Pass())  # type: ignore[misc]


def _left_out(statement: ast.stmt) -> str:
    is_call = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    if not is_call and not isinstance(statement, ast.AugAssign):
        return ""
    return f"without {ast.unparse(statement).splitlines()[0][:50]}"
