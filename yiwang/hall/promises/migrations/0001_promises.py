import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Promise",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("TOLERANT", "容缺后补"), ("COMMITMENT", "告知承诺")],
                        max_length=10,
                        verbose_name="类型",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("MADE", "已承诺"),
                            ("OPEN", "履行中"),
                            ("SUPPLIED", "已补交"),
                            ("KEPT", "已履行"),
                            ("BROKEN", "未履行"),
                            ("VOID", "已失效"),
                        ],
                        default="MADE",
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                ("subject", models.CharField(max_length=120, verbose_name="所属事项")),
                ("number", models.CharField(max_length=80, verbose_name="办件编号")),
                ("matter_code", models.CharField(max_length=64, verbose_name="事项编码")),
                ("title", models.JSONField(verbose_name="事项名称")),
                ("key", models.CharField(max_length=60, verbose_name="材料标识")),
                ("item", models.JSONField(verbose_name="材料名称")),
                ("text", models.JSONField(verbose_name="承诺内容")),
                ("sha256", models.CharField(max_length=64, verbose_name="承诺摘要")),
                ("days", models.PositiveSmallIntegerField(verbose_name="期限（工作日）")),
                ("consequence", models.CharField(max_length=8, verbose_name="后果")),
                ("legal_basis", models.CharField(blank=True, max_length=300, verbose_name="依据")),
                ("accept", models.JSONField(default=list, verbose_name="接受类型")),
                (
                    "max_mb",
                    models.PositiveSmallIntegerField(default=10, verbose_name="大小上限（MB）"),
                ),
                ("holder_ref", models.CharField(max_length=80, verbose_name="承诺人")),
                ("holder_name", models.CharField(max_length=160, verbose_name="承诺人名称")),
                ("account_id", models.BigIntegerField(null=True, verbose_name="通知账户")),
                ("department_id", models.BigIntegerField(verbose_name="核查部门")),
                ("round", models.PositiveSmallIntegerField(default=0, verbose_name="轮次")),
                ("made_at", models.DateTimeField(verbose_name="承诺时间")),
                ("begun_at", models.DateTimeField(null=True, verbose_name="起算时间")),
                ("due_at", models.DateTimeField(null=True, verbose_name="到期时间")),
                ("warn_at", models.DateTimeField(null=True, verbose_name="提醒时间")),
                ("warned_at", models.DateTimeField(null=True, verbose_name="已提醒时间")),
                ("attachment_id", models.BigIntegerField(null=True, verbose_name="补交附件")),
                ("supplied_at", models.DateTimeField(null=True, verbose_name="补交时间")),
                ("return_reason", models.TextField(blank=True, verbose_name="退回理由")),
                ("result", models.TextField(blank=True, verbose_name="核查结果")),
                ("decided_at", models.DateTimeField(null=True, verbose_name="核查时间")),
                ("decided_by", models.CharField(blank=True, max_length=80, verbose_name="核查人")),
                ("revoked", models.JSONField(default=list, verbose_name="撤销的证照")),
            ],
            options={
                "verbose_name": "承诺",
                "indexes": [
                    models.Index(fields=["holder_ref", "-id"], name="promise_holder"),
                    models.Index(
                        fields=["department_id", "state", "due_at"], name="promise_department"
                    ),
                    models.Index(
                        condition=models.Q(("state", "OPEN")),
                        fields=["due_at"],
                        name="promise_open_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("subject", "key"), name="promise_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_at__isnull", True),
                            ("state__in", ["KEPT", "BROKEN", "VOID"]),
                            _connector="XOR",
                        ),
                        name="promise_decided_at_its_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "SUPPLIED"), _negated=True),
                            ("attachment_id__isnull", False),
                            _connector="OR",
                        ),
                        name="promise_supplied_with_document",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PromiseBar",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("holder_ref", models.CharField(max_length=80, verbose_name="当事人")),
                ("matter_code", models.CharField(max_length=64, verbose_name="事项编码")),
                ("reason", models.TextField(verbose_name="理由")),
                ("since", models.DateTimeField(verbose_name="起始时间")),
                ("lifted_at", models.DateTimeField(null=True, verbose_name="解除时间")),
                ("lifted_by", models.CharField(blank=True, max_length=80, verbose_name="解除人")),
                ("lift_reason", models.TextField(blank=True, verbose_name="解除理由")),
                (
                    "promise",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bar",
                        to="hall_promises.promise",
                        verbose_name="承诺",
                    ),
                ),
            ],
            options={
                "verbose_name": "承诺限制",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at__isnull", True)),
                        fields=("holder_ref", "matter_code"),
                        name="promise_bar_open_once",
                    )
                ],
            },
        ),
    ]
