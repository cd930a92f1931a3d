"""A drawing of a dense network as neurons and arrows, to count its weights by eye."""

import math
from collections.abc import Sequence

WIDTH, HEIGHT, RADIUS = 460, 200, 9


def network(sizes: Sequence[int], names: Sequence[str] = ()) -> str:
    """SVG of a network with `sizes` neurons from input to output; `names` stand below the layers."""
    columns = [_column(i, len(sizes), n) for i, n in enumerate(sizes)]
    arrows = "".join(_arrow(a, b) for left, right in zip(columns, columns[1:]) for a in left for b in right)
    neurons = "".join(f"<circle cx='{x:.0f}' cy='{y:.1f}' r='{RADIUS}'/>" for column in columns for x, y in column)
    words = "".join(
        f"<text x='{column[0][0]:.0f}' y='{HEIGHT + 18}'>{name}</text>" for column, name in zip(columns, names)
    )
    count = sum(a * b for a, b in zip(sizes, sizes[1:]))
    label = f"A network with {', '.join(map(str, sizes))} neurons from input to output, and {count} arrows."
    return (
        f"<svg class='lsviz-network' role='img' aria-label='{label}' viewBox='0 0 {WIDTH} {HEIGHT + 26}'>"
        f"<defs><marker id='lsviz-head' viewBox='0 0 8 8' refX='8' refY='4' markerWidth='5' markerHeight='5' orient='auto'>"
        f"<path d='M0 1 L8 4 L0 7 z' fill='currentColor'/></marker></defs>"
        f"<g class='lsviz-arrows'>{arrows}</g>{neurons}{words}</svg>"
    )


def _arrow(a: tuple[float, float], b: tuple[float, float]) -> str:
    """From the edge of one neuron to the edge of the next, with a head."""
    length = math.hypot(b[0] - a[0], b[1] - a[1])
    x, y = (RADIUS * (end - start) / length for start, end in zip(a, b))
    return f"<line x1='{a[0] + x:.1f}' y1='{a[1] + y:.1f}' x2='{b[0] - x:.1f}' y2='{b[1] - y:.1f}' marker-end='url(#lsviz-head)'/>"


def _column(i: int, layers: int, neurons: int) -> list[tuple[float, float]]:
    x = 50 + i * (WIDTH - 100) / max(layers - 1, 1)
    gap = min(34.0, (HEIGHT - 2 * RADIUS - 4) / max(neurons - 1, 1))
    return [(x, HEIGHT / 2 + (k - (neurons - 1) / 2) * gap) for k in range(neurons)]
