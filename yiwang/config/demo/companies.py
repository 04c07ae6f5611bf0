"""Making enterprises (演示企业): codes and names first, legal representatives once people exist.

Pure: the same seed, number, places and day give the same enterprises. No brand is one that a company
of the published list uses.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random

from yiwang.config.demo.names import brand_get
from yiwang.config.demo.places import WEIGHTS, Place
from yiwang.sdk.identifiers import USCC_ALPHABET, uscc_make

BODY_FACTOR = 17_000_003  # coprime to 31**6: no two enterprises share a body
# The functional zone has no code of GB/T 2260; its enterprises are registered under the city's.
ZONE, CITY = "320576", "320500"
# The last enterprise is the agent's of the demonstration: a restaurant in this district.
PINNED_DISTRICT, PINNED_INDUSTRY = "320508", "H"


@dataclass(frozen=True, slots=True)
class Trade:
    """A kind of business (行业): GB/T 4754 section, weight, words of the name, scope, capital."""

    industry: str
    weight: int
    words: tuple[str, ...]
    scope: str
    capital: tuple[int, int]  # 10,000 yuan, least and most


TRADES = (
    Trade("F", 20, ("商贸", "贸易", "供应链管理"), "日用百货销售；针纺织品销售；办公用品销售；货物进出口。", (10, 2000)),
    Trade("F", 8, ("食品", "生鲜超市"), "食品销售；食用农产品零售；日用品零售。", (5, 500)),
    Trade("C", 10, ("精密机械", "机电设备", "自动化设备"), "通用设备制造；机械零部件加工；模具制造。", (100, 8000)),
    Trade("C", 6, ("纺织科技", "丝绸", "服饰"), "面料纺织加工；服装制造；丝绸制品销售。", (50, 3000)),
    Trade("C", 5, ("电子科技", "光电"), "电子元器件制造；光电子器件销售；技术进出口。", (100, 9000)),
    Trade("H", 8, ("餐饮管理", "餐饮服务"), "餐饮服务；餐饮管理；外卖递送服务。", (5, 300)),
    Trade("H", 2, ("酒店管理", "民宿"), "住宿服务；酒店管理；会议及展览服务。", (50, 2000)),
    Trade("I", 8, ("信息科技", "软件", "网络科技"), "软件开发；信息系统集成服务；数据处理服务。", (50, 3000)),
    Trade("M", 7, ("生物科技", "检测技术", "工程设计"), "技术服务、技术开发、技术咨询；检验检测服务。", (50, 3000)),
    Trade("L", 8, ("企业管理", "人力资源", "文化传媒"), "企业管理咨询；人力资源服务；广告设计、代理。", (10, 1000)),
    Trade("E", 6, ("建筑工程", "装饰工程"), "建设工程施工；住宅室内装饰装修；园林绿化工程施工。", (200, 6000)),
    Trade("G", 4, ("物流", "货运代理"), "道路货物运输；国内货物运输代理；仓储服务。", (50, 2000)),
    Trade("O", 4, ("家政服务", "汽车服务"), "家政服务；洗染服务；机动车修理和维护。", (5, 200)),
    Trade("K", 2, ("物业管理", "房地产经纪"), "物业管理；房地产经纪；停车场服务。", (50, 1000)),
    Trade("R", 2, ("文化艺术", "健身服务"), "文艺创作；体育健康服务；组织文化艺术交流活动。", (10, 500)),
    Trade("P", 1, ("教育咨询",), "教育咨询服务；自费出国留学中介服务。", (10, 300)),
    Trade("A", 1, ("农业科技",), "蔬菜种植；水产养殖；农产品初加工。", (50, 800)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seat:
    """An enterprise before it has people: code, trade, place and name (待填企业)."""

    uscc: str
    name: str
    trade: Trade
    place: Place
    established: date


def seats_make(*, enterprises: int, seed: int, today: date, places: list[Place]) -> list[Seat]:
    """Make codes, names, trades and places of enterprises, the larger employers first."""
    random = Random(f"{seed}-enterprises")  # noqa: S311 - made data
    trade_weights = list(accumulate(trade.weight for trade in TRADES))
    sizes: dict[str, int] = {}
    for place in places:
        sizes[place.district_code] = sizes.get(place.district_code, 0) + 1
    weights = list(
        accumulate(WEIGHTS.get(p.district_code, 60) / sizes[p.district_code] for p in places)
    )
    seats = []
    for number in range(enterprises):
        [trade] = random.choices(TRADES, cum_weights=trade_weights)
        [place] = random.choices(places, cum_weights=weights)
        if number == enterprises - 1:
            trade = next(t for t in TRADES if t.industry == PINNED_INDUSTRY)
            place = next((p for p in places if p.district_code == PINNED_DISTRICT), place)
        seats.append(
            Seat(
                uscc=_uscc(number, place.district_code),
                name=_name(random, number, trade, place),
                trade=trade,
                place=place,
                established=today - timedelta(days=round(random.triangular(90, 9000, 1800))),
            )
        )
    return seats


def enterprises_make(
    seats: list[Seat], *, seed: int, today: date, persons: list[dict]
) -> list[dict]:
    """Give each enterprise a legal representative, an address and a register entry (生成演示企业)."""
    random = Random(f"{seed}-representatives")  # noqa: S311 - made data
    adults = [
        person
        for person in persons
        if 25 <= today.year - person["birth_date"].year <= 66 and not person["deceased_date"]
    ]
    if not adults:
        raise ValueError("enterprises need at least one adult in the population")
    rows = []
    for number, seat in enumerate(seats):
        person = random.choice(adults)
        low, high = seat.trade.capital
        days = random.randint(2, 40)
        rows.append(
            {
                "uscc": seat.uscc,
                "name": seat.name,
                "legal_representative": person["name"],
                "legal_representative_ref": person["ref"],
                "registered_address": (
                    f"{seat.place.address}{random.randint(1, 90)}幢{random.randint(101, 1899)}室"
                ),
                "area_code": seat.place.district_code,
                "community_code": seat.place.code,
                "business_scope": seat.trade.scope,
                "registered_capital": Decimal(round(random.triangular(low, high, low))),
                "established_date": seat.established,
                "industry": seat.trade.industry,
                "phone": f"0512-4{number:07d}",
                "state": "ACTIVE" if random.random() < 0.95 or seat is seats[-1] else "CANCELLED",
                "sources": {
                    "market_supervision": f"{today - timedelta(days=days)}",
                    "tax": f"{today - timedelta(days=days + 9)}",
                },
                "is_made": True,
            }
        )
    return rows


def _uscc(number: int, district_code: str) -> str:
    body, rest = "", (number * BODY_FACTOR + 271_828_182) % 31**6
    for _ in range(6):
        rest, digit = divmod(rest, 31)
        body += USCC_ALPHABET[digit]
    region = CITY if district_code == ZONE else district_code
    return uscc_make("9", "1", region, f"MA{body}")


def _name(random: Random, number: int, trade: Trade, place: Place) -> str:
    seat = place.district.removesuffix("市") if place.district.endswith("市") else "苏州"
    return f"{seat}{brand_get(number)}{random.choice(trade.words)}有限公司"
