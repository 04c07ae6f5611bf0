"""How long somebody will wait (等候预测): the hall is played forward from how it stands. Pure.

Each run draws how long those in hand still take and how long those ahead will take from the times seen
lately, lets every open window call by the real rule, and notes when the one asked about is called. A
hundred runs give a middle and an interval. Pauses, no-shows and slow days are not in the play; what
they do is in the errors on record, by which middle and interval are set right (conformal prediction:
Vovk, Gammerman, Shafer 2005; here with scores normalised by the width of the play, as in Lei et al. 2018).
"""

import heapq
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from yiwang.hall.counters.data import Forecast, Spans

RUNS = 100
LEVEL = 0.8
SAMPLES = 80
RECORDS = 200
RECORDS_NEEDED = 30
FLOOR_SECONDS = 60
_PRIOR_SIGMA = 0.6
# The quantiles of a standard normal at 1/24, 3/24 … 23/24: a prior of twelve equally likely times.
_NORMAL = (-1.732, -1.150, -0.812, -0.549, -0.319, -0.105)


@dataclass(frozen=True, slots=True)
class Server:
    """An open window (窗口) in the play: skills {queue: waited seconds before it helps}; what it has in hand."""

    skills: Mapping[int, int]
    queue_in_hand: int | None = None
    seconds_in_hand: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket ahead of the one asked about, or it itself: its queue, and how long it has waited."""

    queue: int
    waited: int = 0


@dataclass(frozen=True, slots=True)
class Overtaking:
    """Who will come and be called first (插队率): people a second, for so many seconds from now."""

    queue: int
    per_second: float
    for_seconds: int


def prior_samples(seconds: int) -> tuple[int, ...]:
    """Return twelve times around an expected one (先验服务时间), for a queue without a past.

    >>> [sum(prior_samples(600)) // 12, min(prior_samples(600)), max(prior_samples(600))]
    [594, 177, 1416]
    """
    mu = math.log(seconds) - _PRIOR_SIGMA**2 / 2
    scores = (*_NORMAL, *(-z for z in reversed(_NORMAL)))
    return tuple(round(math.exp(mu + _PRIOR_SIGMA * z)) for z in scores)


def samples_with_prior(seen: Sequence[int], expected: int) -> tuple[int, ...]:
    """Return the service times to draw from (服务时间样本): the last ones seen, filled up by the prior."""
    seen = tuple(max(1, one) for one in seen[:SAMPLES])
    return seen if len(seen) >= RECORDS_NEEDED else (*seen, *prior_samples(expected))


def waits_play(
    servers: Sequence[Server],
    line: Sequence[Waiting],
    samples: Mapping[int, Sequence[int]],
    *,
    overtaking: Sequence[Overtaking] = (),
    runs: int = RUNS,
    seed: int = 0,
) -> list[int]:
    """Play the hall forward (仿真) and return the waits of the last one of `line`, sorted, in seconds.

    line: everybody who waits and would be called before it, in the order of calling, and it itself
    last. Empty when no window takes its queue.
    """
    if not any(line[-1].queue in server.skills for server in servers):
        return []
    random = Random(seed)  # noqa: S311 - a play, not a secret
    ordered = {queue: sorted(times) for queue, times in samples.items()}
    return sorted(_play(servers, line, ordered, overtaking, random) for _ in range(runs))


def _play(servers, line, samples, overtaking, random: Random) -> int:
    free = [(_residual(server, samples, random), number) for number, server in enumerate(servers)]
    heapq.heapify(free)
    pending = list(enumerate(line))
    arrivals = _arrivals(overtaking, random)
    target = len(line) - 1
    now = 0
    while free:
        now, number = heapq.heappop(free)
        while arrivals and arrivals[-1][0] <= now:
            pending.insert(0, (-1, Waiting(arrivals.pop()[1])))
        taken = _taken(servers[number], pending, now)
        if taken is None:
            wake = _wake(servers[number], pending, now)
            if wake is not None:
                heapq.heappush(free, (wake, number))
            continue
        place, ticket = pending.pop(taken)
        if place == target:
            return now
        heapq.heappush(free, (now + random.choice(samples[ticket.queue]), number))
    return now


def _residual(server: Server, samples, random: Random) -> int:
    """Draw how long a window still has in hand what it has in hand (剩余服务时间)."""
    if server.queue_in_hand is None:
        return 0
    times = samples[server.queue_in_hand]
    longer = bisect_right(times, server.seconds_in_hand)
    if longer < len(times):
        return times[random.randrange(longer, len(times))] - server.seconds_in_hand
    # Longer than anything seen: half as long again as a tail without memory would have it.
    return round(random.expovariate(2 / (sum(times) / len(times))))


def _arrivals(overtaking: Sequence[Overtaking], random: Random) -> list[tuple[int, int]]:
    """Draw who comes and goes first, the latest first."""
    drawn = []
    for one in overtaking:
        at = 0.0
        while one.per_second > 0:
            at += random.expovariate(one.per_second)
            if at > one.for_seconds:
                break
            drawn.append((round(at), one.queue))
    return sorted(drawn, reverse=True)


def _taken(server: Server, pending, now: int) -> int | None:
    """Return the place of the first one in line that a window may call (可叫的第一人)."""
    for place, (_number, ticket) in enumerate(pending):
        helps_after = server.skills.get(ticket.queue)
        if helps_after is not None and ticket.waited + now >= helps_after:
            return place
    return None


def _wake(server: Server, pending, now: int) -> int | None:
    """Return when an idle window may first help another queue, None when never."""
    moments = [
        server.skills[ticket.queue] - ticket.waited
        for _number, ticket in pending
        if ticket.queue in server.skills
    ]
    return max(now + 1, min(moments)) if moments else None


def scores_of(records: Sequence[tuple[tuple[int, int, int], int]]) -> tuple[float, ...]:
    """Turn raw forecasts and waits into scores (一致性得分): 0 in the middle, ±1 at the edges."""
    found = []
    for (low, middle, high), waited in records:
        width = high - middle if waited >= middle else middle - low
        found.append((waited - middle) / max(width, FLOOR_SECONDS))
    return tuple(found)


def forecast_make(waits: Sequence[int], scores: Sequence[float] = ()) -> Forecast:
    """Make a forecast (等候预测) from played waits, set right by the scores on record.

    scores: of the last forecasts of the queue (`scores_of`); under 30 of them the play stands alone.
    """
    tail = (1 - LEVEL) / 2
    raw = tuple(round(_quantile(waits, share)) for share in (tail, 0.5, 1 - tail))
    low, middle, high = raw
    shifts, floor = (-1.0, 0.0, 1.0), 0
    if len(scores) >= RECORDS_NEEDED:
        ordered, floor = sorted(scores[:RECORDS]), FLOOR_SECONDS
        # One more than there are, as conformal prediction asks: a small sample is a little wider.
        n = len(ordered)
        ranks = (math.floor(tail * (n + 1)), (n + 1) / 2, math.ceil((1 - tail) * (n + 1)))
        shifts = tuple(ordered[min(n - 1, max(0, round(rank) - 1))] for rank in ranks)
    said = [
        middle + shift * max(high - middle if shift > 0 else middle - low, floor)
        for shift in shifts
    ]
    return Forecast(*(max(0, round(one)) for one in said), raw=raw)


def _quantile(ordered: Sequence[int], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def on_the_clock(seconds: int, *, minute: float, spans: Spans) -> tuple[int, bool]:
    """Turn open seconds into seconds on the clock (扣除午休): the hall calls nobody while it is closed.

    minute: of the day, now. Also tells whether the end lies after the last close.

    >>> on_the_clock(1800, minute=710, spans=((540, 720), (780, 1020)))
    (5400, False)
    """
    left = float(seconds)
    start = minute * 60
    for opens, closes in spans:
        begin, end = max(start, opens * 60), closes * 60
        if begin >= end:
            continue
        if begin + left <= end:
            return round(begin + left - start), False
        left -= end - begin
    last = max(start, spans[-1][1] * 60) if spans else start
    return round(last + left - start), True
