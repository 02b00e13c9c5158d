"""All statements of a module are found."""

import ast

from pretrain_or_not.files.syntax import statements


def test_statements_are_found_in_all_blocks_in_the_order_of_ast_walk():
    tree = ast.parse("""
if a:
    def in_if(): pass
elif b:
    def in_elif(): pass
else:
    class InElse:
        def method(self):
            def inside(): pass
for x in y:
    def in_for(): pass
else:
    def after_for(): pass
while z:
    def in_while(): pass
with a as b:
    async def in_with():
        async for c in d:
            def in_async_for(): pass
try:
    def in_try(): pass
except E:
    def in_except(): pass
else:
    def in_try_else(): pass
finally:
    def in_finally(): pass
try:
    pass
except* E:
    def in_except_star(): pass
match a:
    case 1:
        def in_case(): pass
@decorated(lambda: 1)
def decorated(a=[i for i in range(3)]): return lambda: 1
""")
    kinds = ast.Module | ast.stmt | ast.excepthandler | ast.match_case
    expected = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    assert sum(isinstance(node, ast.FunctionDef) for node in expected) == 15
    assert list(statements(tree)) == expected
