"""People of the benchmark (基准人口), fifty thousand at a time, as columns.

Households share surname, address and often a telephone; a third moves once, a quarter changes its number.
Nobody exists; telephone numbers use the prefix 164, which no operator gives out.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from yiwang.config.generate.given import GIVEN, ONE_CHARACTER, shipped
from yiwang.config.generate.lettering import forms, joined, matrix_text, numbered, pick
from yiwang.resources.fusion.checks import id_numbers

CHUNK = 50_000
TODAY = np.datetime64("2026-11-01")
EPOCH = np.datetime64("1970-01-01")
DAY = 86_400
FIRST_RECORD, LAST_RECORD = (
    int((np.datetime64(day) - EPOCH).astype(int)) * DAY for day in ("2008-01-01", "2026-11-01")
)
HOUSEHOLDS = ((1, 0.25), (2, 0.30), (3, 0.27), (4, 0.18))
# Where numbers were first given out: the city's districts (62 %) and counties that many come from.
LOCAL_REGIONS = (320502, 320503, 320504, 320505, 320506, 320507, 320508, 320525)
OTHER_REGIONS = (
    320923, 320981, 321081, 321282, 320721, 320324, 340621, 341222, 341226, 341622, 342222, 342423,
    411424, 411522, 412725, 412829, 360721, 421125, 430525, 500236, 511522, 522401, 610524, 370829,
)  # fmt: skip
LOCAL_SHARE = 0.62
ETHNICITIES = ((1, 985), (3, 4), (6, 2), (15, 3), (11, 2), (8, 2), (12, 1), (2, 1))
DISTRICTS = (
    ("虎丘区", 83), ("吴中区", 139), ("相城区", 89), ("姑苏区", 92), ("吴江区", 154),
    ("苏州工业园区", 114), ("常熟市", 168), ("张家港市", 143), ("昆山市", 209), ("太仓市", 83),
)  # fmt: skip
PLACE_WORDS = "金银石木水山云月星花桥湖塘浜港泾溪浦墩里新东南西北平安宁康福宝玉龙凤梅兰竹菊松柏枫"
COMMUNITIES = 3_000
RENAMED_SHARE = 0.04
EMPLOYERS = 40_000
TRADES = (
    "科技",
    "贸易",
    "餐饮管理",
    "精密机械",
    "信息科技",
    "物流",
    "建筑工程",
    "纺织",
    "电子",
    "物业管理",
)
# Characters of names that sound alike: what a clerk who only hears a name writes.
HOMOPHONES = dict(
    pair
    for group in (
        "伟玮纬", "华桦骅", "明铭鸣", "丽莉俐", "芳方", "国囯", "杰洁捷", "军君钧", "强蔷", "勇永咏",
        "艳燕雁", "娟鹃", "静婧靖", "敏闵", "涛韬", "平萍", "红虹宏", "玲琳凌", "霞遐", "秀绣",
        "英瑛", "文雯", "梅玫", "子梓紫", "轩萱宣", "宇雨语", "辰晨宸", "涵晗函", "怡仪宜", "欣心鑫",
        "浩昊皓", "嘉佳家", "峰锋枫", "建健", "志智", "海孩", "春椿", "林霖", "生升", "荣容蓉",
    )
    for pair in zip(group, group[1:] + group[0], strict=True)
)  # fmt: skip
VARIANTS = {"峰": "峯", "群": "羣", "艳": "豔", "铁": "鉄", "宁": "寗", "柏": "栢", "国": "囯"}


@dataclass(slots=True)
class People:
    """Columns of one chunk (人员列), n people.

    person: number, int64. day: birth as days since 1900-01-01. sex: 1 or 2. age: years. id_text: text forms
    (n each: as issued, x small, trailing blanks, 15 digits or as issued, full width, missing). id_bytes: (n, 18).
    names: forms (as registered, homophone, variant, blank inside, blanks behind). moved_at, phone_at:
    seconds from which the new address or number holds. addresses: forms old/new × name of the community
    old/new × 幢/号楼. phones: forms old/new × digits, +86, spaced, landline. renamed_at: seconds.
    """

    person: np.ndarray
    day: np.ndarray
    sex: np.ndarray
    age: np.ndarray
    id_bytes: np.ndarray
    id_text: pa.Array
    names: pa.Array
    ethnicity: np.ndarray
    marital: np.ndarray
    employer: np.ndarray
    addresses: pa.Array
    moved_at: np.ndarray
    renamed_at: np.ndarray
    phones: pa.Array
    phone_at: np.ndarray

    def __len__(self) -> int:
        return len(self.person)


def people_make(*, first: int, count: int, chunk: int, chunks: int, seed: int) -> People:
    """Make people `first` to `first + count` (生成人员); chunk: which of `chunks` this is.

    Birth days of a chunk are congruent modulo `chunks`, so two chunks never give the same identity number.
    """
    random = np.random.default_rng([seed, 1, chunk])
    sizes = random.choice([n for n, _ in HOUSEHOLDS], count, p=[share for _, share in HOUSEHOLDS])
    ends = np.cumsum(sizes)
    home = np.searchsorted(ends, np.arange(count), side="right")
    role = np.arange(count) - (ends - sizes)[home]
    day = _births(random, home, role)
    day -= (day - chunk) % chunks
    sex = _sexes(random, home, role)
    numbers = _numbers(random, home, day, sex)
    text = id_numbers(numbers)
    id_bytes = np.frombuffer(text.buffers()[2], dtype=np.uint8).reshape(-1, 18)
    born = (np.datetime64("1900-01-01") + day).astype("datetime64[Y]").astype(int) + 1970
    age = ((TODAY - np.datetime64("1900-01-01")).astype(int) - day) // 365
    addresses, moved_at, renamed_at = _addresses(random, home)
    phones, phone_at = _phones(random, home, role, age, first)
    return People(
        person=np.arange(first, first + count),
        day=day,
        sex=sex,
        age=age,
        id_bytes=id_bytes,
        id_text=id_forms(text, id_bytes, born),
        names=_names(random, home, role, born, sex),
        ethnicity=_weighted(random, ETHNICITIES, count),
        marital=np.where(
            age < 22, 10, random.choice([10, 20, 30, 40], count, p=[0.2, 0.7, 0.05, 0.05])
        ),
        employer=random.integers(0, EMPLOYERS, count),
        addresses=addresses,
        moved_at=moved_at,
        renamed_at=renamed_at,
        phones=phones,
        phone_at=phone_at,
    )


def _weighted(random: np.random.Generator, table, count: int) -> np.ndarray:
    values, weights = zip(*table, strict=True)
    share = np.array(weights, dtype=float)
    return random.choice(np.array(values), count, p=share / share.sum())


def _births(random: np.random.Generator, home: np.ndarray, role: np.ndarray) -> np.ndarray:
    last = int((TODAY - np.datetime64("1900-01-01")).astype(int)) - 1
    head = last - (random.triangular(20, 42, 92, home[-1] + 1) * 365.25).astype(int)
    own = head[home]
    spouse = own + random.integers(-1800, 2400, len(home))
    child = own + random.integers(20 * 365, 38 * 365, len(home))
    day = np.select([role == 0, role == 1], [own, spouse], child)
    # A child that would not be born yet is a younger relative of the head instead.
    day = np.where(day > last, last - random.integers(0, 18 * 365, len(home)), day)
    return np.clip(day, 3000, last)


def _sexes(random: np.random.Generator, home: np.ndarray, role: np.ndarray) -> np.ndarray:
    head = np.where(random.random(home[-1] + 1) < 0.7, 1, 2)[home]
    child = np.where(random.random(len(home)) < 0.52, 1, 2)
    return np.select([role == 0, role == 1], [head, 3 - head], child)


def _numbers(
    random: np.random.Generator, home: np.ndarray, day: np.ndarray, sex: np.ndarray
) -> np.ndarray:
    """Give each person the first 17 digits: region, birth, a sequence that nobody of the day shares."""
    households = home[-1] + 1
    region = np.where(
        random.random(households) < LOCAL_SHARE,
        random.choice(LOCAL_REGIONS, households),
        random.choice(OTHER_REGIONS, households),
    )[home]
    cell = (region.astype(np.int64) * 100_000 + day) * 3 + sex
    order = np.argsort(cell, kind="stable")
    ordered = cell[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    rank = np.empty(len(cell), dtype=np.int64)
    rank[order] = np.arange(len(cell)) - np.repeat(starts, np.diff(np.append(starts, len(cell))))
    if rank.max(initial=0) >= 500:
        raise ValueError("too many people for the days and regions: make fewer")
    sequence = (cell * 7919 % 500 + rank) % 500 * 2 + (sex == 1)
    date = np.datetime64("1900-01-01") + day
    year = date.astype("datetime64[Y]").astype(int) + 1970
    month = date.astype("datetime64[M]").astype(int) % 12 + 1
    written = year * 10_000 + month * 100 + (date - date.astype("datetime64[M]")).astype(int) + 1
    return region.astype(np.int64) * 10**11 + written * 1000 + sequence


def id_forms(text: pa.Array, id_bytes: np.ndarray, born: np.ndarray) -> pa.Array:
    """Write each number in the forms that `People.id_text` names."""
    small = id_bytes.copy()
    small[small == ord("X")] = ord("x")
    old = matrix_text(np.delete(id_bytes, [6, 7, 17], axis=1))
    old = (
        pa.chunked_array([text, old])
        .combine_chunks()
        .take(pa.array(np.arange(len(text)) + np.where(born < 2000, len(text), 0)))
    )
    wide = np.empty((len(text), 54), dtype=np.uint8)
    wide[:, 0::3], wide[:, 1::3] = 0xEF, np.where(id_bytes == ord("X"), 0xBC, 0xBC)
    wide[:, 2::3] = np.where(id_bytes == ord("X"), 0xB8, id_bytes - 48 + 0x90)
    return forms(
        text,
        matrix_text(small),
        joined(text, "  "),
        old,
        matrix_text(wide),
        pa.nulls(len(text), pa.string()),
    )


def _names(
    random: np.random.Generator,
    home: np.ndarray,
    role: np.ndarray,
    born: np.ndarray,
    sex: np.ndarray,
) -> pa.Array:
    surnames, weights = zip(*shipped()["surnames"], strict=True)
    share = np.array(weights, dtype=float)
    count = len(home)
    own = random.choice(len(surnames), count, p=share / share.sum())
    family = own[np.searchsorted(home, np.arange(home[-1] + 1))]
    surname = pick(list(surnames), np.where(role == 1, own, family[home]))
    one, two = np.full(count, "", dtype="<U1"), np.full(count, "", dtype="<U1")
    for (limit, kind), characters in GIVEN.items():
        low = max((year for year in ONE_CHARACTER if year < limit), default=0)
        who = np.flatnonzero((born < limit) & (born >= low) & (sex == int(kind)))
        likely = 1 / (np.arange(len(characters)) + 4)
        drawn = random.choice(len(characters), (2, len(who)), p=likely / likely.sum())
        letters = np.array(list(characters))
        one[who] = letters[drawn[0]]
        single = (random.random(len(who)) < ONE_CHARACTER[limit]) | (drawn[0] == drawn[1])
        two[who] = np.where(single, "", letters[drawn[1]])
    return name_forms(surname, one, two)


def name_forms(surname: pa.Array, one: np.ndarray, two: np.ndarray) -> pa.Array:
    def other(letters: np.ndarray, table: dict[str, str]) -> np.ndarray:
        unique, places = np.unique(letters, return_inverse=True)
        return np.array([table.get(letter, letter) for letter in unique])[places]

    first, last = pa.array(one, pa.string()), pa.array(two, pa.string())
    return forms(
        joined(surname, first, last),
        joined(surname, pa.array(other(one, HOMOPHONES), pa.string()), last),
        joined(
            surname,
            pa.array(other(one, VARIANTS), pa.string()),
            pa.array(other(two, VARIANTS), pa.string()),
        ),
        joined(surname, "\u3000", first, last),
        joined(surname, first, last, "  "),
    )


@cache
def communities() -> tuple[list[str], list[str], np.ndarray]:
    """Return made communities (社区): as named today, as named before, when renamed (seconds, 0 never)."""
    random = np.random.default_rng(20261101)
    names, shares = zip(*DISTRICTS, strict=True)
    share = np.array(shares, dtype=float)
    district = random.choice(len(names), COMMUNITIES, p=share / share.sum())
    letters = np.array(list(PLACE_WORDS))
    street, own, before = (np.char.add(*random.choice(letters, (2, COMMUNITIES))) for _ in range(3))
    renamed = random.random(COMMUNITIES) < RENAMED_SHARE
    head = [f"{names[d]}{s}街道" for d, s in zip(district, street, strict=True)]
    today = [f"{h}{o}社区" for h, o in zip(head, own, strict=True)]
    old = [
        f"{h}{b}社区" if changed else t
        for h, b, t, changed in zip(head, before, today, renamed, strict=True)
    ]
    moment = random.integers(FIRST_RECORD, LAST_RECORD, COMMUNITIES)
    return today, old, np.where(renamed, moment, 0)


def _addresses(
    random: np.random.Generator, home: np.ndarray
) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    """Write old and new addresses; form = moved·4 + renamed·2 + written, each of the n people."""
    households = home[-1] + 1
    today, before, renamed = communities()
    written, changes = [], []
    for _ in range(2):
        place = random.integers(0, COMMUNITIES, households)
        building, unit = random.integers(1, 61, households), random.integers(1, 5, households)
        room = random.integers(1, 19, households) * 100 + random.integers(1, 5, households)
        tail = joined(numbered(unit), "单元", numbered(room), "室")
        for names in (before, today):
            for word in ("幢", "号楼"):
                text = joined(pick(names, place), numbered(building), word, tail)
                written.append(text.take(pa.array(home)))
        changes.append(renamed[place][home])
    moved = random.random(households) < 0.30
    moved_at = np.where(
        moved, random.integers(FIRST_RECORD, LAST_RECORD, households), LAST_RECORD + 1
    )[home]
    return forms(*written), moved_at, np.array(changes)


def _phones(
    random: np.random.Generator, home: np.ndarray, role: np.ndarray, age: np.ndarray, first: int
) -> tuple[pa.Array, np.ndarray]:
    """Write old and new numbers; form = changed·4 + written (digits, +86, spaced, landline)."""
    count = len(home)
    own = np.arange(first, first + count, dtype=np.int64)
    head = own[np.searchsorted(home, np.arange(home[-1] + 1))][home]
    shared = ((age < 16) | (age > 78)) & (random.random(count) < 0.5)
    who = np.where(shared, head, own)
    written = []
    for offset in (0, 50_000_000):
        tail = numbered((who + offset) * 7_654_321 % 10**8, 8)
        landline = numbered(who * 7919 % 9_000_000 + 60_000_000 + offset // 50)
        spaced = joined(
            "164 ", pc.utf8_slice_codeunits(tail, 0, 4), " ", pc.utf8_slice_codeunits(tail, 4, 8)
        )
        written += [joined("164", tail), joined("+86164", tail), spaced, joined("0512-", landline)]
    changed = random.random(count) < 0.25
    return forms(*written), np.where(
        changed, random.integers(FIRST_RECORD, LAST_RECORD, count), LAST_RECORD + 1
    )


@cache
def employers() -> pa.Array:
    """Return names of made employers (工作单位)."""
    brands = shipped()["brands"]
    return pa.array(
        [
            f"苏州{brands[n % len(brands)]}{TRADES[n % 10] if n < len(brands) else brands[n * 7 % len(brands)]}有限公司"
            for n in range(EMPLOYERS)
        ]
    )
