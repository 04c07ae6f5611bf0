"""Data sets and jobs as a graph (血缘图) from lineage events, and where to draw them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y = 190, 40, 50, 14
MANY = 4  # more boxes than this of one kind are drawn as one


@dataclass(slots=True)
class Graph:
    """What reads what (血缘图). jobs: name → last state; reads, makes: job → data sets; titles: name → title."""

    jobs: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    last: dict[str, str] = field(default_factory=dict)
    reads: dict[str, list[str]] = field(default_factory=dict)
    makes: dict[str, list[str]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def datasets(self) -> list[str]:
        """List the data sets by name."""
        names = {name for some in (*self.reads.values(), *self.makes.values()) for name in some}
        return sorted(names)


@dataclass(frozen=True, slots=True)
class Box:
    """A box of the drawing: kind is DATASET or JOB; count: for how many of its like it stands."""

    name: str
    label: str
    count: int
    kind: str
    state: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """The graph as boxes and lines (x1, y1, x2, y2) on a sheet of width × height."""

    boxes: tuple[Box, ...]
    lines: tuple[tuple[int, int, int, int], ...]
    width: int
    height: int


def graph_of(events: Iterable[Mapping]) -> Graph:
    """Gather jobs and data sets of events, the newest first (汇集血缘图); the latest word counts.

    >>> one = {"eventType": "COMPLETE", "eventTime": "2026-11-21T00:00:00Z", "run": {"runId": "1"},
    ...        "job": {"name": "fuse"}, "inputs": [{"name": "a"}], "outputs": [{"name": "b"}]}
    >>> graph = graph_of([one])
    >>> graph.datasets, graph.jobs
    (['a', 'b'], {'fuse': 'COMPLETE'})
    """
    graph = Graph()
    for event in events:
        job = event["job"]["name"]
        graph.jobs.setdefault(job, event["eventType"])
        graph.last.setdefault(job, event["eventTime"])
        facets = event["job"].get("facets", {})
        graph.kinds.setdefault(job, facets.get("jobType", {}).get("jobType", ""))
        if text := facets.get("documentation", {}).get("description"):
            graph.titles.setdefault(job, text)
        for edges, side in ((graph.reads, "inputs"), (graph.makes, "outputs")):
            known = edges.setdefault(job, [])
            for one in event.get(side, ()):
                if one["name"] not in known:
                    known.append(one["name"])
                facets = one.get("facets", {})
                if text := facets.get("documentation", {}).get("description"):
                    graph.titles.setdefault(one["name"], text)
                count = facets.get("dataQualityMetrics", {}).get("rowCount")
                if count is not None:
                    graph.rows.setdefault(one["name"], count)
    return graph


def _folded(
    names: list[tuple[str, str]], edges: list[tuple[tuple[str, str], tuple[str, str]]]
) -> tuple[dict, list, list]:
    """Let one box stand for many that lead to the same place (合并同类): returns counts, boxes, lines.

    Thirty-two landed data sets of one fusion are one box; so are then the jobs that landed them.
    """
    stands = dict.fromkeys(names, 1)
    while True:
        leads: dict[tuple[str, str], set] = {name: set() for name in stands}
        for one, other in edges:
            leads[one].add(other)
        alike: dict[tuple, list[tuple[str, str]]] = {}
        for name in stands:
            if leads[name]:
                alike.setdefault((name[0], frozenset(leads[name])), []).append(name)
        some = next((group for group in alike.values() if len(group) > MANY), None)
        if some is None:
            return stands, list(stands), list(dict.fromkeys(edges))
        kept = some[0]
        stands[kept] = sum(stands[name] for name in some)
        for name in some[1:]:
            del stands[name]
        gone = set(some[1:])
        edges = [
            (kept if one in gone else one, kept if other in gone else other) for one, other in edges
        ]


def layout(graph: Graph) -> Drawing:
    """Place every box in a column behind what it comes from (分层布局). Lines run from left to right.

    >>> graph = Graph(jobs={"fuse": "START"}, reads={"fuse": ["a", "c"]}, makes={"fuse": ["b"]})
    >>> [(box.name, box.x) for box in layout(graph).boxes]
    [('a', 0), ('c', 0), ('fuse', 240), ('b', 480)]
    """
    # A job and a data set may bear the same name.
    edges = [(("D", name), ("J", job)) for job, some in graph.reads.items() for name in some]
    edges += [(("J", job), ("D", name)) for job, some in graph.makes.items() for name in some]
    names = [("D", name) for name in graph.datasets] + [("J", job) for job in graph.jobs]
    stands, names, edges = _folded(names, edges)
    rank = dict.fromkeys(names, 0)
    for _again in range(len(names)):  # longest way from a source; a circle ends with the rounds
        moved = False
        for one, other in edges:
            if rank[other] < rank[one] + 1 <= len(names):
                rank[other], moved = rank[one] + 1, True
        if not moved:
            break
    columns: dict[int, list[tuple[str, str]]] = {}
    for name in names:
        columns.setdefault(rank[name], []).append(name)
    places = {
        name: (x * (BOX_WIDTH + GAP_X), y * (BOX_HEIGHT + GAP_Y))
        for x, column in enumerate(columns[key] for key in sorted(columns))
        for y, name in enumerate(sorted(column))
    }
    boxes = tuple(
        Box(
            name,
            graph.titles.get(name) or name,
            stands[kind, name],
            "JOB" if kind == "J" else "DATASET",
            graph.jobs.get(name, "") if kind == "J" else "",
            x,
            y,
        )
        for (kind, name), (x, y) in sorted(places.items(), key=lambda one: (one[1], one[0]))
    )
    lines = tuple(
        (
            places[one][0] + BOX_WIDTH,
            places[one][1] + BOX_HEIGHT // 2,
            places[other][0],
            places[other][1] + BOX_HEIGHT // 2,
        )
        for one, other in edges
    )
    return Drawing(
        boxes,
        lines,
        max((x for x, _y in places.values()), default=0) + BOX_WIDTH,
        max((y for _x, y in places.values()), default=0) + BOX_HEIGHT,
    )
