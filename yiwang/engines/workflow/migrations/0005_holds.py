import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("engines_workflow", "0004_board_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="InstanceHold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("department_id", models.BigIntegerField(null=True, verbose_name="牵头部门")),
                ("ground", models.CharField(blank=True, max_length=40, verbose_name="事由")),
                ("document", models.CharField(blank=True, max_length=160, verbose_name="文书")),
                ("reason", models.CharField(max_length=500, verbose_name="说明")),
                (
                    "expected_days",
                    models.PositiveSmallIntegerField(null=True, verbose_name="预计工作日"),
                ),
                ("suspended_at", models.DateTimeField(verbose_name="挂起时间")),
                (
                    "suspended_by",
                    models.CharField(blank=True, max_length=80, verbose_name="挂起人"),
                ),
                ("ended_at", models.DateTimeField(null=True, verbose_name="结束时间")),
                ("ended_by", models.CharField(blank=True, max_length=80, verbose_name="结束人")),
                (
                    "end",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("RESUMED", "已恢复"),
                            ("WITHDRAWN", "已撤回"),
                            ("TERMINATED", "已终止"),
                        ],
                        max_length=10,
                        verbose_name="结束方式",
                    ),
                ),
                (
                    "end_reason",
                    models.CharField(blank=True, max_length=500, verbose_name="结束说明"),
                ),
                (
                    "instance",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="engines_workflow.processinstance",
                        verbose_name="实例",
                    ),
                ),
            ],
            options={
                "verbose_name": "挂起记录",
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["department_id", "suspended_at"],
                        name="hold_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("instance",),
                        name="hold_open_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end", ""), ("ended_at__isnull", True)),
                            models.Q(
                                ("ended_at__isnull", False), models.Q(("end", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="hold_says_how_it_ended",
                    ),
                ],
            },
        ),
    ]
