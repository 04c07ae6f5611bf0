import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

CHANNELS = [
    ("ONLINE", "网上"),
    ("WINDOW", "大厅窗口"),
    ("COMMUNITY", "社区窗口"),
    ("KIOSK", "自助终端"),
]


def filed(model):
    """The columns of how something was filed (申报方式)."""
    channel = models.CharField(
        choices=CHANNELS, default="ONLINE", max_length=9, verbose_name="受理渠道"
    )
    name = models.CharField(blank=True, default="", max_length=160, verbose_name="代办人")
    return [
        migrations.AddField(model, "channel", channel),
        migrations.AddField(model, "filed_by_name", name, preserve_default=False),
        migrations.AddField(
            model, "delegation_id", models.BigIntegerField(null=True, verbose_name="委托")
        ),
        migrations.AddField(
            model, "visit_id", models.BigIntegerField(null=True, verbose_name="窗口来访")
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("hall_applications", "0003_shared_serials"),
    ]

    operations = [
        *filed("application"),
        *filed("draftcase"),
        migrations.AddField(
            "application", "filed_by_id", models.BigIntegerField(null=True, verbose_name="提交账户")
        ),
        migrations.AlterField(
            "application",
            "account",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="通知账户",
            ),
        ),
        migrations.AddIndex(
            "application",
            models.Index(
                condition=models.Q(delegation_id__isnull=False),
                fields=["filed_by_id", "-id"],
                name="application_deputy",
            ),
        ),
    ]
