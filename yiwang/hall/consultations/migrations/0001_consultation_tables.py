import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExpertPanel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.SlugField(max_length=40, unique=True, verbose_name="标识")),
                ("title", models.JSONField(verbose_name="名称")),
                ("department_id", models.BigIntegerField(verbose_name="管理部门")),
                ("is_open", models.BooleanField(default=True, verbose_name="启用")),
            ],
            options={
                "verbose_name": "专家组",
            },
        ),
        migrations.CreateModel(
            name="Consultation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "number",
                    models.CharField(max_length=32, unique=True, verbose_name="征求意见编号"),
                ),
                ("subject", models.CharField(max_length=120, verbose_name="事由")),
                ("branch", models.CharField(blank=True, max_length=40, verbose_name="环节标识")),
                ("title", models.JSONField(verbose_name="名称")),
                ("question", models.TextField(verbose_name="征求内容")),
                ("attachment_id", models.BigIntegerField(null=True, verbose_name="附件")),
                ("join", models.JSONField(verbose_name="汇合规则")),
                ("ground", models.CharField(blank=True, max_length=40, verbose_name="中止事由")),
                ("clock_subjects", models.JSONField(default=list, verbose_name="中止的时限")),
                ("days", models.PositiveSmallIntegerField(verbose_name="期限（工作日）")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "征求中"),
                            ("CONCLUDED", "已答复"),
                            ("RECALLED", "已收回"),
                        ],
                        default="OPEN",
                        max_length=9,
                        verbose_name="状态",
                    ),
                ),
                ("result", models.CharField(blank=True, max_length=6, verbose_name="结论")),
                ("department_id", models.BigIntegerField(verbose_name="征求部门")),
                ("department_name", models.CharField(max_length=160, verbose_name="征求部门名称")),
                ("asked_by_name", models.CharField(max_length=80, verbose_name="征求人姓名")),
                ("asked_at", models.DateTimeField(verbose_name="征求时间")),
                ("due_at", models.DateTimeField(null=True, verbose_name="答复期限")),
                ("warn_at", models.DateTimeField(null=True, verbose_name="提醒时间")),
                ("warned_at", models.DateTimeField(null=True, verbose_name="已提醒")),
                ("overdue_at", models.DateTimeField(null=True, verbose_name="已告知逾期")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="结束时间")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="收回原因")),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="征求人",
                    ),
                ),
            ],
            options={
                "verbose_name": "征求意见",
            },
        ),
        migrations.CreateModel(
            name="ConsultationParty",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=40, verbose_name="标识")),
                (
                    "kind",
                    models.CharField(
                        choices=[("DEPARTMENT", "部门"), ("EXPERT", "专家")],
                        max_length=10,
                        verbose_name="类型",
                    ),
                ),
                ("department_id", models.BigIntegerField(null=True, verbose_name="部门")),
                ("name", models.JSONField(verbose_name="名称")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "待答复"),
                            ("ANSWERED", "已答复"),
                            ("ENDED", "不再需要"),
                        ],
                        default="WAITING",
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                ("opinion", models.CharField(blank=True, max_length=6, verbose_name="意见")),
                ("answer", models.TextField(blank=True, verbose_name="答复")),
                ("reason", models.TextField(blank=True, verbose_name="理由")),
                ("attachment_id", models.BigIntegerField(null=True, verbose_name="附件")),
                ("answered_by", models.CharField(blank=True, max_length=80, verbose_name="答复人")),
                ("answered_at", models.DateTimeField(null=True, verbose_name="答复时间")),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="专家账户",
                    ),
                ),
                (
                    "consultation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parties",
                        to="hall_consultations.consultation",
                        verbose_name="征求意见",
                    ),
                ),
            ],
            options={
                "verbose_name": "被征求方",
            },
        ),
        migrations.CreateModel(
            name="PanelExpert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="姓名")),
                ("field", models.CharField(max_length=120, verbose_name="专业")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="账户",
                    ),
                ),
                (
                    "panel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="experts",
                        to="hall_consultations.expertpanel",
                        verbose_name="专家组",
                    ),
                ),
            ],
            options={
                "verbose_name": "专家",
            },
        ),
        migrations.AddIndex(
            model_name="consultation",
            index=models.Index(fields=["subject", "id"], name="consultation_subject"),
        ),
        migrations.AddIndex(
            model_name="consultation",
            index=models.Index(fields=["department_id", "state", "-id"], name="consultation_asker"),
        ),
        migrations.AddIndex(
            model_name="consultation",
            index=models.Index(
                condition=models.Q(("state", "OPEN")), fields=["due_at"], name="consultation_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="consultation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("state", "OPEN")),
                    models.Q(
                        models.Q(("state", "OPEN"), _negated=True), ("closed_at__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="consultation_closed_once",
            ),
        ),
        migrations.AddIndex(
            model_name="consultationparty",
            index=models.Index(
                fields=["department_id", "state", "-id"], name="consulted_department"
            ),
        ),
        migrations.AddIndex(
            model_name="consultationparty",
            index=models.Index(fields=["account", "state", "-id"], name="consulted_expert"),
        ),
        migrations.AddConstraint(
            model_name="consultationparty",
            constraint=models.UniqueConstraint(
                fields=("consultation", "key"), name="consulted_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="consultationparty",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("account__isnull", True),
                        ("department_id__isnull", False),
                        ("kind", "DEPARTMENT"),
                    ),
                    models.Q(
                        ("account__isnull", False),
                        ("department_id__isnull", True),
                        ("kind", "EXPERT"),
                    ),
                    _connector="OR",
                ),
                name="consulted_is_one_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="consultationparty",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answered_at__isnull", False), ("state", "ANSWERED")),
                    models.Q(models.Q(("state", "ANSWERED"), _negated=True), ("opinion", "")),
                    _connector="OR",
                ),
                name="consulted_answered_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="panelexpert",
            constraint=models.UniqueConstraint(fields=("panel", "account"), name="expert_once"),
        ),
    ]
