import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("identity_organisations", "0001_departments_posts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Window",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=20, unique=True, verbose_name="窗口编号")),
                ("title", models.JSONField(verbose_name="窗口名称")),
                (
                    "kind",
                    models.CharField(
                        choices=[("HALL", "大厅综合窗口"), ("COMMUNITY", "社区窗口")],
                        max_length=9,
                        verbose_name="窗口类型",
                    ),
                ),
                ("area_code", models.CharField(max_length=12, verbose_name="行政区划")),
                ("address", models.CharField(max_length=200, verbose_name="地址")),
                ("matters", models.JSONField(default=list, verbose_name="受理事项")),
                (
                    "evaluator_key",
                    models.CharField(max_length=40, unique=True, verbose_name="评价器密钥"),
                ),
                ("is_open", models.BooleanField(default=True, verbose_name="启用")),
                (
                    "department",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity_organisations.department",
                        verbose_name="设窗单位",
                    ),
                ),
            ],
            options={
                "verbose_name": "服务窗口",
            },
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=24, unique=True, verbose_name="来访编号")),
                ("clerk_id", models.BigIntegerField(verbose_name="窗口人员")),
                ("clerk_name", models.CharField(max_length=80, verbose_name="窗口人员姓名")),
                ("visitor_ref", models.CharField(max_length=80, verbose_name="来访人")),
                ("visitor_name", models.CharField(max_length=80, verbose_name="来访人姓名")),
                ("applicant_ref", models.CharField(max_length=80, verbose_name="申请人")),
                ("applicant_name", models.CharField(max_length=160, verbose_name="申请人名称")),
                ("purpose", models.CharField(max_length=100, verbose_name="来访目的")),
                (
                    "rating_code",
                    models.CharField(max_length=12, unique=True, verbose_name="评价码"),
                ),
                ("opened_at", models.DateTimeField(verbose_name="开始时间")),
                ("expires_at", models.DateTimeField(verbose_name="失效时间")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="结束时间")),
                ("rating_asked_at", models.DateTimeField(null=True, verbose_name="请评时间")),
                (
                    "window",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="visits",
                        to="hall_windows.window",
                        verbose_name="窗口",
                    ),
                ),
            ],
            options={
                "verbose_name": "窗口来访",
            },
        ),
        migrations.CreateModel(
            name="Taking",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=50, unique=True, verbose_name="办件编号")),
                ("query_code", models.CharField(max_length=12, verbose_name="查询码")),
                ("receipt_hash", models.CharField(max_length=64, verbose_name="回执摘要")),
                ("matter_code", models.CharField(max_length=64, verbose_name="事项编码")),
                ("title", models.JSONField(verbose_name="事项名称")),
                ("department_id", models.BigIntegerField(verbose_name="承办部门")),
                ("area_code", models.CharField(max_length=12, verbose_name="承办区划")),
                ("is_elsewhere", models.BooleanField(default=False, verbose_name="跨区通办")),
                ("taken_at", models.DateTimeField(verbose_name="收件时间")),
                (
                    "visit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="takings",
                        to="hall_windows.visit",
                        verbose_name="来访",
                    ),
                ),
                (
                    "window",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="takings",
                        to="hall_windows.window",
                        verbose_name="窗口",
                    ),
                ),
            ],
            options={
                "verbose_name": "窗口收件",
            },
        ),
        migrations.CreateModel(
            name="HandOver",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=24, unique=True, verbose_name="交接单号")),
                ("department_id", models.BigIntegerField(verbose_name="接收部门")),
                ("handed_by", models.CharField(max_length=80, verbose_name="移交人")),
                ("handed_at", models.DateTimeField(verbose_name="移交时间")),
                ("received_by", models.CharField(blank=True, max_length=80, verbose_name="接收人")),
                ("received_at", models.DateTimeField(null=True, verbose_name="接收时间")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="备注")),
                (
                    "window",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hand_overs",
                        to="hall_windows.window",
                        verbose_name="移交窗口",
                    ),
                ),
            ],
            options={
                "verbose_name": "材料交接单",
            },
        ),
        migrations.CreateModel(
            name="Original",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="材料名称")),
                ("copies", models.PositiveSmallIntegerField(default=1, verbose_name="份数")),
                ("is_copy", models.BooleanField(default=False, verbose_name="复印件")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("HELD", "在窗口"),
                            ("SENT", "移交中"),
                            ("RECEIVED", "部门已接收"),
                            ("MISSING", "交接缺件"),
                        ],
                        default="HELD",
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                (
                    "hand_over",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="hall_windows.handover",
                        verbose_name="交接单",
                    ),
                ),
                (
                    "taking",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="originals",
                        to="hall_windows.taking",
                        verbose_name="窗口收件",
                    ),
                ),
            ],
            options={
                "verbose_name": "留存纸质材料",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "HELD")),
                        fields=["taking"],
                        name="original_held",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("copies__gte", 1)), name="original_at_least_one"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "HELD"), ("hand_over__isnull", False), _connector="OR"
                        ),
                        name="original_on_a_list_once_sent",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="window",
            index=models.Index(fields=["area_code", "code"], name="window_area"),
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(fields=["window", "-opened_at"], name="visit_window"),
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)),
                fields=["expires_at"],
                name="visit_open",
            ),
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(fields=["visitor_ref", "-id"], name="visit_visitor"),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("opened_at"))),
                name="visit_expires_later",
            ),
        ),
        migrations.AddIndex(
            model_name="taking",
            index=models.Index(fields=["window", "-taken_at"], name="taking_window"),
        ),
        migrations.AddIndex(
            model_name="taking",
            index=models.Index(fields=["-taken_at"], name="taking_newest"),
        ),
        migrations.AddIndex(
            model_name="handover",
            index=models.Index(
                fields=["department_id", "received_at"], name="hand_over_department"
            ),
        ),
        migrations.AddIndex(
            model_name="handover",
            index=models.Index(fields=["window", "-id"], name="hand_over_window"),
        ),
    ]
