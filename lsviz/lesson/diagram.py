"""A drawing of a dense network as neurons and arrows, to count its weights by eye."""

from collections.abc import Sequence

WIDTH, HEIGHT, RADIUS = 460, 200, 9


def network(sizes: Sequence[int], names: Sequence[str] = ()) -> str:
    """SVG of a network with `sizes` neurons from input to output; `names` stand below the layers."""
    columns = [_column(i, len(sizes), n) for i, n in enumerate(sizes)]
    arrows = "".join(
        f"<line x1='{a[0]:.0f}' y1='{a[1]:.1f}' x2='{b[0]:.0f}' y2='{b[1]:.1f}'/>"
        for left, right in zip(columns, columns[1:])
        for a in left
        for b in right
    )
    neurons = "".join(f"<circle cx='{x:.0f}' cy='{y:.1f}' r='{RADIUS}'/>" for column in columns for x, y in column)
    words = "".join(
        f"<text x='{column[0][0]:.0f}' y='{HEIGHT + 18}'>{name}</text>" for column, name in zip(columns, names)
    )
    count = sum(a * b for a, b in zip(sizes, sizes[1:]))
    label = f"A network with {', '.join(map(str, sizes))} neurons from input to output, and {count} arrows."
    return (
        f"<svg class='lsviz-network' role='img' aria-label='{label}' viewBox='0 0 {WIDTH} {HEIGHT + 26}'>"
        f"<g class='lsviz-arrows'>{arrows}</g>{neurons}{words}</svg>"
    )


def _column(i: int, layers: int, neurons: int) -> list[tuple[float, float]]:
    x = 50 + i * (WIDTH - 100) / max(layers - 1, 1)
    gap = min(34.0, (HEIGHT - 2 * RADIUS - 4) / max(neurons - 1, 1))
    return [(x, HEIGHT / 2 + (k - (neurons - 1) / 2) * gap) for k in range(neurons)]
