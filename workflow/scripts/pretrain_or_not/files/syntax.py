"""Walk the syntax tree of a Python module."""

import ast
from collections import deque

BLOCKS = ast.stmt | ast.excepthandler | ast.match_case


def statements(tree):
    """Yield a module and the statements in it, at any depth, in the order of `ast.walk`.

    Expressions, most of a tree, are not visited: they hold no statements.
    """
    waiting = deque([tree])
    while waiting:
        node = waiting.popleft()
        yield node
        waiting += [child for child in ast.iter_child_nodes(node) if isinstance(child, BLOCKS)]
