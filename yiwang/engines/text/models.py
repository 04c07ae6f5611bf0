from django.db import models


class SearchDocument(models.Model):
    """Something that search finds (检索条目). The full-text index beside it is made from this row.

    haystack: folded title, keywords one a line, and body, parted by form feeds: what a match is
    verified against. readings: the pinyin of title and keywords, one name a line, characters parted
    by blanks, readings of one character by slashes.
    """

    kind = models.CharField("类别", max_length=20)
    ref = models.CharField("编号", max_length=80)
    title = models.CharField("标题", max_length=300)
    title_en = models.CharField("英文标题", max_length=300, blank=True)
    body = models.TextField("正文", blank=True)
    keywords = models.JSONField("关键词", default=list)
    url = models.CharField("地址", max_length=300)
    weight = models.IntegerField("权重", default=0)
    haystack = models.TextField("比对文本")
    readings = models.TextField("读音", blank=True)

    class Meta:
        verbose_name = "检索条目"
        constraints = [
            models.UniqueConstraint(fields=["kind", "ref"], name="search_document_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref} {self.title}"


class Synonym(models.Model):
    """A word of a group that means the same (同义词); groups shipped with the product are a file."""

    source = models.CharField("来源", max_length=60)
    group = models.PositiveIntegerField("组")
    word = models.CharField("词", max_length=60)

    class Meta:
        verbose_name = "同义词"
        constraints = [
            models.UniqueConstraint(fields=["source", "group", "word"], name="synonym_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.group} {self.word}"
