"""Characters and weights of made names (姓名字表), for the demonstration city and for the benchmark.

No statistics of given names may be shipped, so the characters below were written down by hand, by
generation and sex, the commonest first; they follow nobody's list of real people.
"""

import gzip
import json
from functools import cache
from pathlib import Path

SHIPPED = Path(__file__).parents[1] / "demo" / "data" / "names.json.gz"

# (born before, sex) -> characters; a name takes one or two of them.
GIVEN = {
    (
        1966,
        "1",
    ): "根建国林明华德荣兴福金志祥生龙文忠义仁良庆贵春海水泉长松柏学成伯元永宝耀士培炳坤宗",
    (1966, "2"): "英秀珍芳兰凤玉桂妹梅宝菊珠翠金月惠琴巧云素娟华仙美文雪林爱根杏彩丽静敏香银",
    (1985, "1"): "建国军伟勇强明东平斌峰华志刚辉杰涛林文晓新春卫红永利海波敏健鸣宏毅晨炜立少",
    (1985, "2"): "丽芳红燕敏静艳萍霞玲琴梅娟英华慧莉秀晓建雪云芬蓉洁珍春亚文美小凤瑛勤蕾琳",
    (2005, "1"): "伟杰浩鑫宇鹏俊磊涛超凯晨阳嘉文志子天佳旭博明宏帆健毅翔骏一程铭睿奇远航",
    (2005, "2"): "婷雪倩颖佳静怡慧琳璐晓梦雨欣莹蕾娜丹洁思文悦晨妍玥嘉逸雯菁艺宁心若",
    (9999, "1"): "子轩宇浩梓睿俊一辰泽宸皓博奕铭昊煜沐恒景言嘉楷瑞霖彦廷知行安",
    (9999, "2"): "梓涵雨欣怡诗子萱可馨语桐思彤若依一诺沐妍悦瑶芷晴安宁书艺禾苒知夏",
}
ONE_CHARACTER = {1966: 0.22, 1985: 0.45, 2005: 0.3, 9999: 0.12}


@cache
def shipped() -> dict:
    """Return the shipped table: surnames with weights, made brands."""
    return json.loads(gzip.decompress(SHIPPED.read_bytes()))
