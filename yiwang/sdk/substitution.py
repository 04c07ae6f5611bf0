"""Putting expressions in the place of names (名称代换), for forms that are made of other forms."""

import ast
import re
from collections.abc import Mapping

from yiwang.sdk.expressions import compile as expression_compile

_WORDS = frozenset({"true", "false", "null", "True", "False", "None"})


def substitute(text: str, replacements: Mapping[str, str]) -> str:
    """Return an expression with names replaced by expressions (表达式代换). Raises `ExpressionError`.

    Only roots are names: in `a.b` the `b` stays. What has no replacement stays as it is.

    >>> substitute("kind == 'A' and len(rows) > 1", {"kind": "place_kind", "rows": "staff"})
    "place_kind == 'A' and len(staff) > 1"
    >>> substitute("area > 200", {"area": "area if wide else null"})
    '(area if wide else null) > 200'
    """
    expression_compile(text)
    tree = ast.parse(re.sub(r"\s", " ", text).strip(), mode="eval")
    parsed = {
        name: ast.parse(other.strip(), mode="eval").body for name, other in replacements.items()
    }
    return ast.unparse(_Replacing(parsed).visit(tree))


class _Replacing(ast.NodeTransformer):
    """Replaces names that are read; functions keep theirs."""

    def __init__(self, replacements: Mapping[str, ast.expr]) -> None:
        self.replacements = replacements

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return node if node.id in _WORDS else self.replacements.get(node.id, node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(one) for one in node.args]
        return node
