import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from yiwang.kernel.api import append_only

BIG = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("identity_accounts", "0001_accounts_sessions")]

    operations = [
        migrations.CreateModel(
            name="Delegation",
            fields=[
                ("id", BIG),
                (
                    "principal_ref",
                    models.CharField(db_index=True, max_length=80, verbose_name="委托人"),
                ),
                ("principal_name", models.CharField(max_length=80, verbose_name="委托人姓名")),
                ("deputy_name", models.CharField(max_length=80, verbose_name="受托人姓名")),
                (
                    "scope",
                    models.CharField(
                        choices=[("MATTER", "单个事项"), ("THEME", "主题")],
                        max_length=6,
                        verbose_name="授权范围",
                    ),
                ),
                ("scope_value", models.CharField(max_length=64, verbose_name="范围取值")),
                ("scope_title", models.JSONField(verbose_name="范围名称")),
                ("code", models.CharField(max_length=12, unique=True, verbose_name="口令码")),
                ("to_date", models.DateField(verbose_name="到期日期")),
                ("offered_at", models.DateTimeField(verbose_name="委托时间")),
                ("accepted_at", models.DateTimeField(null=True, verbose_name="接受时间")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="终止时间")),
                ("revoked_by_id", models.BigIntegerField(null=True, verbose_name="终止账户")),
                (
                    "deputy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegations",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="受托账户",
                    ),
                ),
            ],
            options={"verbose_name": "委托代办"},
        ),
        migrations.CreateModel(
            name="DelegationUse",
            fields=[
                ("id", BIG.clone()),
                ("act", models.CharField(max_length=10, verbose_name="行为")),
                ("subject", models.CharField(max_length=80, verbose_name="对象")),
                ("title", models.JSONField(verbose_name="名称")),
                ("at", models.DateTimeField(verbose_name="时间")),
                (
                    "delegation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uses",
                        to="identity_accounts.delegation",
                        verbose_name="委托代办",
                    ),
                ),
            ],
            options={"verbose_name": "委托使用记录"},
        ),
        migrations.AddConstraint(
            "delegation",
            models.CheckConstraint(
                condition=models.Q(
                    ("accepted_at__isnull", True), ("deputy__isnull", False), _connector="OR"
                ),
                name="delegation_accepted_by_somebody",
            ),
        ),
        migrations.AddIndex(
            "delegationuse",
            models.Index(fields=["delegation", "-id"], name="delegation_use_newest"),
        ),
        append_only("identity_accounts_delegationuse"),
    ]
