"""Made definitions that the tests share."""

from copy import deepcopy


def text(zh: str, en: str = "") -> dict[str, str]:
    return {"zh": zh, "en": en or zh}


SHOP = {
    "key": "shop",
    "title": text("开店", "Open a shop"),
    "schema": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 5},
            "born": {"type": "string", "format": "date"},
            "seats": {"type": "integer", "minimum": 1, "maximum": 500},
            "area": {"type": "number", "exclusiveMinimum": 0},
            "kind": {"type": "string", "enum": ["MEAL", "DRINK", "OTHER"]},
            "kind_other": {"type": "string", "maxLength": 300},
            "gas": {"type": "boolean"},
            "gas_supplier": {"type": "string"},
            "gas_phone": {"type": "string", "format": "phone"},
            "items": {
                "type": "array",
                "items": {"type": "string", "enum": ["HOT", "COLD", "RAW"]},
                "uniqueItems": True,
            },
            "mobile": {"type": "string", "format": "mobile-phone"},
            "code": {"type": "string", "pattern": "^[A-Z]{2}[0-9]{3}$"},
            "staff": {
                "type": "array",
                "minItems": 1,
                "maxItems": 3,
                "items": {
                    "type": "object",
                    "properties": {
                        "person": {"type": "string", "maxLength": 4},
                        "number": {"type": "string", "format": "id-number"},
                        "trained": {"type": "boolean"},
                    },
                    "required": ["person"],
                },
            },
            "agree": {"type": "boolean", "const": True},
        },
        "required": ["name", "kind", "staff", "agree"],
    },
    "ui": {
        "pages": [
            {
                "key": "place",
                "title": text("场所", "Place"),
                "fields": ["name", "born", "seats", "area", "kind", "kind_other"],
            },
            {
                "key": "kitchen",
                "title": text("厨房", "Kitchen"),
                "fields": ["gas", "gas_supplier", "gas_phone", "items"],
            },
            {
                "key": "people",
                "title": text("人员", "People"),
                "fields": ["mobile", "code", "staff", "agree"],
            },
        ],
        "fields": {
            "name": {"title": text("店名", "Name"), "prefill": "enterprise.name", "locked": True},
            "born": {"title": text("开业日期", "Opening day")},
            "seats": {"title": text("座位数", "Seats")},
            "area": {"title": text("面积", "Area")},
            "kind": {
                "title": text("业态", "Kind"),
                "options": [
                    {"value": "MEAL", "zh": "正餐", "en": "Meals"},
                    {"value": "DRINK", "zh": "饮品", "en": "Drinks"},
                    {"value": "OTHER", "zh": "其他", "en": "Other"},
                ],
            },
            "kind_other": {"title": text("其他业态", "Other kind")},
            "gas": {"title": text("使用燃气", "Gas is used")},
            "gas_supplier": {"title": text("供气单位", "Gas supplier")},
            "gas_phone": {"title": text("供气单位电话", "Supplier's phone")},
            "items": {
                "title": text("经营项目", "Items"),
                "options": [
                    {"value": "HOT", "zh": "热食", "en": "Hot food"},
                    {"value": "COLD", "zh": "冷食", "en": "Cold food"},
                    {"value": "RAW", "zh": "生食", "en": "Raw food"},
                ],
            },
            "mobile": {"title": text("手机", "Mobile phone"), "prefill": "person.phone"},
            "code": {
                "title": text("编号", "Code"),
                "hint": text(
                    "两个大写字母加三位数字，例如 AB123。",
                    "Two capitals and three digits, as AB123.",
                ),
            },
            "staff": {
                "title": text("从业人员", "Staff"),
                "fields": {
                    "person": {"title": text("姓名", "Person")},
                    "number": {"title": text("身份证号", "Identity number")},
                    "trained": {"title": text("已培训", "Trained")},
                },
            },
            "agree": {"title": text("承诺属实", "I state that this is true")},
        },
    },
    "conditions": [
        {"when": "kind == 'OTHER'", "show": ["kind_other"], "require": ["kind_other"]},
        {"when": "kind == 'MEAL'", "show": ["gas"]},
        {"when": "gas == true", "show": ["gas_supplier", "gas_phone"], "require": ["gas_supplier"]},
        {"when": "kind == 'DRINK'", "options": {"items": ["COLD"]}},
    ],
    "checks": [
        {
            "that": "area >= seats * 0.5",
            "field": "seats",
            "message": text("每个座位至少0.5平方米。", "Each seat needs 0.5 square metres."),
        }
    ],
}


def shop(**changes) -> dict:
    """Return a copy of the shop's definition with top keys replaced."""
    return {**deepcopy(SHOP), **changes}


COMPLETE = {
    "name": "百味斋",
    "kind": "MEAL",
    "gas": False,
    "staff": [{"person": "张三"}],
    "agree": True,
}
