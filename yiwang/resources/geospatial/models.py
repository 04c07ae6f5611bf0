from django.db import models


class Area(models.Model):
    """A division or functional zone (区域) as it is drawn and listed.

    The code table `divisions` says what exists and when; this row adds where it is.
    """

    code = models.CharField("代码", max_length=12, unique=True)
    level = models.PositiveSmallIntegerField("层级")
    name = models.CharField("名称", max_length=80)
    name_en = models.CharField("英文名称", max_length=120, blank=True)
    parent_code = models.CharField("上级", max_length=12, blank=True, db_index=True)
    longitude = models.FloatField("经度", null=True)
    latitude = models.FloatField("纬度", null=True)
    polygon = models.JSONField("范围", null=True)
    crs = models.CharField("坐标系", max_length=12, default="EPSG:4490")
    is_local = models.BooleanField("本地扩展", default=False)

    class Meta:
        verbose_name = "区域"
        indexes = [models.Index(fields=["level", "code"], name="area_level_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class MetroLine(models.Model):
    """A metro line (轨道交通线路)."""

    name = models.CharField("名称", max_length=40, unique=True)
    colour = models.CharField("颜色", max_length=7)
    path = models.JSONField("线形")
    crs = models.CharField("坐标系", max_length=12, default="EPSG:4490")
    order = models.PositiveSmallIntegerField("次序")

    class Meta:
        verbose_name = "轨道线路"

    def __str__(self) -> str:
        return self.name


class MetroStation(models.Model):
    """A metro station (轨道交通站点); one row also where lines meet."""

    number = models.PositiveIntegerField("编号", unique=True)
    name = models.CharField("名称", max_length=60)
    pinyin = models.CharField("拼音", max_length=80)
    longitude = models.FloatField("经度")
    latitude = models.FloatField("纬度")
    lines = models.ManyToManyField(MetroLine, related_name="stations", verbose_name="线路")

    class Meta:
        verbose_name = "轨道站点"

    def __str__(self) -> str:
        return self.name
