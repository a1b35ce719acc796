"""Where the lines that lead to two points part."""

from ..runs.point import Point
from ..runs.tree import Tree


def meeting(tree: Tree, one: Point, other: Point) -> Point | None:
    """Return the last point that leads to both, None if they have no run in common."""
    uptos = {span.run.run: span.upto for span in tree.lineage(other).spans}
    shared = [(s.run.run, min(s.upto, uptos[s.run.run])) for s in tree.lineage(one).spans if s.run.run in uptos]
    return Point(*shared[-1]) if shared else None
