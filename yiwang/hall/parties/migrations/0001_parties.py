import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="PartyCase",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("draft_id", models.BigIntegerField(null=True, unique=True, verbose_name="草稿")),
                ("number", models.CharField(blank=True, max_length=50, verbose_name="办件编号")),
                ("matter_version_id", models.BigIntegerField(verbose_name="事项版本")),
                ("form_version_id", models.BigIntegerField(verbose_name="表单版本")),
                ("title", models.JSONField(verbose_name="事项名称")),
                ("applicant_ref", models.CharField(max_length=80, verbose_name="申请人")),
                ("applicant_name", models.CharField(max_length=160, verbose_name="申请人名称")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("DRAFT", "填报中"),
                            ("SUBMITTED", "待受理"),
                            ("HANDLING", "办理中"),
                            ("APPROVED", "准予"),
                            ("REFUSED", "不予许可"),
                            ("NOT_ACCEPTED", "不予受理"),
                            ("WITHDRAWN", "已撤回"),
                        ],
                        default="DRAFT",
                        max_length=12,
                        verbose_name="状态",
                    ),
                ),
                (
                    "document_number",
                    models.CharField(blank=True, max_length=80, verbose_name="决定文书号"),
                ),
            ],
            options={
                "verbose_name": "多方申请",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("number", ""), _negated=True),
                        fields=("number",),
                        name="party_case_number_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("draft_id__isnull", False), ("state", "DRAFT")),
                            models.Q(
                                models.Q(("state", "DRAFT"), _negated=True),
                                models.Q(("number", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="party_case_numbered_once_submitted",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PartyPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=40, verbose_name="当事人标识")),
                ("title", models.JSONField(verbose_name="当事人称谓")),
                ("kind", models.CharField(max_length=10, verbose_name="主体类型")),
                ("name", models.CharField(max_length=160, verbose_name="当事人名称")),
                ("code", models.CharField(max_length=12, unique=True, verbose_name="口令码")),
                ("ref", models.CharField(blank=True, max_length=80, verbose_name="当事人")),
                ("account_id", models.BigIntegerField(null=True, verbose_name="账户")),
                ("draft_id", models.BigIntegerField(null=True, verbose_name="草稿")),
                ("invited_at", models.DateTimeField(verbose_name="邀请时间")),
                ("joined_at", models.DateTimeField(null=True, verbose_name="加入时间")),
                ("values", models.JSONField(default=dict, verbose_name="填报内容")),
                (
                    "digest",
                    models.CharField(blank=True, max_length=64, verbose_name="确认内容摘要"),
                ),
                ("confirmed_at", models.DateTimeField(null=True, verbose_name="确认时间")),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="hall_parties.partycase",
                        verbose_name="多方申请",
                    ),
                ),
            ],
            options={
                "verbose_name": "当事人部分",
                "indexes": [
                    models.Index(
                        condition=models.Q(("ref", ""), _negated=True),
                        fields=["ref", "-id"],
                        name="party_part_of",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ref", ""), _negated=True),
                        fields=("case", "ref"),
                        name="party_once_in_a_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confirmed_at__isnull", True),
                            models.Q(
                                models.Q(("digest", ""), _negated=True),
                                models.Q(("ref", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="party_confirmed_as_somebody",
                    ),
                ],
            },
        ),
    ]
