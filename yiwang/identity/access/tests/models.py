"""A table for the property test of row rules and for the scoped manager."""

from django.db import models

from yiwang.identity.access.scope import PersonalDataManager, protected


class Unit(models.Model):
    """A parent row, so that rules may walk."""

    area = models.CharField(max_length=12, null=True)  # noqa: DJ001

    class Meta:
        app_label = "identity_access"
        managed = False
        db_table = "test_rule_unit"

    def __str__(self) -> str:
        return f"{self.area}"


class Row(models.Model):
    """A row with columns that may be NULL."""

    number = models.IntegerField(null=True)
    word = protected(models.CharField(max_length=20, null=True), level=3)  # noqa: DJ001
    unit = models.ForeignKey(Unit, models.CASCADE, null=True, related_name="+")
    personal = PersonalDataManager()
    objects = models.Manager()

    class Meta:
        app_label = "identity_access"
        managed = False
        db_table = "test_rule_row"

    def __str__(self) -> str:
        return f"{self.number} {self.word}"
