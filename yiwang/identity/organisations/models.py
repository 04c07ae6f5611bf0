from django.db import models


class Department(models.Model):
    """A government body (部门) at city, district or street level, in one tree.

    `function` is the trade it follows ("civil_affairs"), the same for the bureau of the city and of
    each district; matters name the function and level, the city's tree says who that is.
    `path` is the chain of ids from the root, each followed by a slash: "1/15/230/".
    """

    class Level(models.TextChoices):
        CITY = "CITY", "市级"
        DISTRICT = "DISTRICT", "区县级"
        STREET = "STREET", "镇街级"

    uscc = models.CharField("统一社会信用代码", max_length=18, unique=True)
    name = models.CharField("名称", max_length=120)
    short_name = models.CharField("简称", max_length=60)
    name_en = models.CharField("英文名称", max_length=160, blank=True)
    function = models.CharField("职能", max_length=40)
    level = models.CharField("层级", max_length=8, choices=Level.choices)
    area_code = models.CharField("行政区划", max_length=12)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="children", verbose_name="上级"
    )
    path = models.CharField("树路径", max_length=80, db_index=True, blank=True)
    phone = models.CharField("咨询电话", max_length=20, blank=True)
    complaint_phone = models.CharField("投诉电话", max_length=20, blank=True)
    address = models.CharField("地址", max_length=160, blank=True)
    office_hours = models.CharField("办公时间", max_length=120, blank=True)
    is_made = models.BooleanField("演示数据", default=False)

    class Meta:
        verbose_name = "部门"
        constraints = [
            models.UniqueConstraint(
                fields=["function", "level", "area_code"], name="department_function_area"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Post(models.Model):
    """A position in a department (岗位) with the roles that go with it."""

    department = models.ForeignKey(
        Department, models.PROTECT, related_name="posts", verbose_name="部门"
    )
    title = models.CharField("岗位名称", max_length=80)
    roles = models.JSONField("角色", default=list)

    class Meta:
        verbose_name = "岗位"
        constraints = [
            models.UniqueConstraint(fields=["department", "title"], name="post_title_once"),
        ]

    def __str__(self) -> str:
        return f"{self.department_id} {self.title}"


class DirectoryVersion(models.Model):
    """The stamp of the department tree (机构版本): one row, a new token at every change.

    A token and not a counter, so that a change that was rolled back is never taken for another one.
    """

    token = models.CharField("版本", max_length=32)
    changed_at = models.DateTimeField("变更时间")

    class Meta:
        verbose_name = "机构版本"

    def __str__(self) -> str:
        return self.token
