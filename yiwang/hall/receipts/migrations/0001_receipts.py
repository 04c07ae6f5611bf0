import django.db.models.deletion
from django.db import migrations, models

from yiwang.kernel.api import append_only


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="SubmissionSeal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sequence", models.PositiveBigIntegerField(unique=True, verbose_name="序号")),
                ("count", models.PositiveIntegerField(verbose_name="条数")),
                ("root", models.CharField(max_length=64, verbose_name="内容摘要")),
                ("chain", models.CharField(max_length=64, verbose_name="链摘要")),
                ("sealed_at", models.DateTimeField(verbose_name="封存时间")),
            ],
            options={
                "verbose_name": "存证封存",
            },
        ),
        migrations.CreateModel(
            name="SubmissionRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=80, unique=True, verbose_name="编号")),
                ("holder_ref", models.CharField(max_length=80, verbose_name="提交人")),
                ("title", models.JSONField(verbose_name="名称")),
                ("content", models.TextField(verbose_name="提交内容")),
                ("sha256", models.CharField(max_length=64, verbose_name="摘要")),
                ("submitted_at", models.DateTimeField(verbose_name="提交时间")),
            ],
            options={
                "verbose_name": "提交存证",
                "indexes": [models.Index(fields=["holder_ref", "-id"], name="submission_holder")],
            },
        ),
        migrations.CreateModel(
            name="SealMember",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.PositiveIntegerField(verbose_name="位置")),
                (
                    "record",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="member",
                        to="hall_receipts.submissionrecord",
                        verbose_name="存证",
                    ),
                ),
                (
                    "seal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="members",
                        to="hall_receipts.submissionseal",
                        verbose_name="封存",
                    ),
                ),
            ],
            options={
                "verbose_name": "封存条目",
                "constraints": [
                    models.UniqueConstraint(fields=("seal", "place"), name="seal_place_once")
                ],
            },
        ),
        append_only("hall_receipts_submissionrecord"),
        append_only("hall_receipts_submissionseal"),
        append_only("hall_receipts_sealmember"),
    ]
