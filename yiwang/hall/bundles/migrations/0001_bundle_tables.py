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
            name="Bundle",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=90, unique=True, verbose_name="标识")),
                ("source", models.CharField(max_length=120, verbose_name="来源")),
                ("is_open", models.BooleanField(default=True, verbose_name="开放办理")),
            ],
            options={
                "verbose_name": "一件事",
            },
        ),
        migrations.CreateModel(
            name="BundleDocument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("draft_id", models.BigIntegerField(verbose_name="草稿")),
                ("key", models.CharField(max_length=100, verbose_name="材料标识")),
                ("attachment_id", models.BigIntegerField(verbose_name="附件")),
            ],
            options={
                "verbose_name": "一件事材料",
                "constraints": [
                    models.UniqueConstraint(fields=("draft_id", "key"), name="bundle_document_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="BundleVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="版本")),
                ("digest", models.CharField(max_length=64, verbose_name="摘要")),
                ("definition", models.JSONField(verbose_name="定义")),
                ("fields", models.JSONField(verbose_name="合并字段")),
                ("asked_before", models.PositiveSmallIntegerField(verbose_name="合并前字段数")),
                ("form_version_id", models.BigIntegerField(verbose_name="表单版本")),
                ("created_at", models.DateTimeField(verbose_name="载入时间")),
                (
                    "bundle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="hall_bundles.bundle",
                        verbose_name="一件事",
                    ),
                ),
            ],
            options={
                "verbose_name": "一件事版本",
            },
        ),
        migrations.CreateModel(
            name="BundleDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("draft_id", models.BigIntegerField(unique=True, verbose_name="草稿")),
                (
                    "context_ref",
                    models.CharField(blank=True, max_length=120, verbose_name="关联对象"),
                ),
                ("applicant_ref", models.CharField(max_length=80, verbose_name="申请人")),
                ("applicant_name", models.CharField(max_length=160, verbose_name="申请人名称")),
                (
                    "applicant_number",
                    models.CharField(max_length=40, verbose_name="申请人证件号码"),
                ),
                ("area_code", models.CharField(max_length=12, verbose_name="行政区划")),
                ("facts", models.JSONField(verbose_name="申请人信息")),
                ("read_at", models.DateTimeField(verbose_name="读取时间")),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="hall_bundles.bundleversion",
                        verbose_name="一件事版本",
                    ),
                ),
            ],
            options={
                "verbose_name": "一件事草稿",
            },
        ),
        migrations.CreateModel(
            name="BundleCase",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=40, unique=True, verbose_name="一件事编号")),
                (
                    "submission_key",
                    models.CharField(max_length=60, unique=True, verbose_name="提交标识"),
                ),
                (
                    "context_ref",
                    models.CharField(blank=True, max_length=120, verbose_name="关联对象"),
                ),
                ("applicant_ref", models.CharField(max_length=80, verbose_name="申请人")),
                ("applicant_name", models.CharField(max_length=160, verbose_name="申请人名称")),
                ("form_data", models.JSONField(verbose_name="申请内容")),
                ("documents", models.JSONField(verbose_name="材料")),
                (
                    "state",
                    models.CharField(
                        choices=[("OPEN", "办理中"), ("DONE", "已办结"), ("WITHDRAWN", "已撤回")],
                        default="OPEN",
                        max_length=9,
                        verbose_name="状态",
                    ),
                ),
                ("sha256", models.CharField(max_length=64, verbose_name="回执摘要")),
                ("submitted_at", models.DateTimeField(verbose_name="提交时间")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="办结时间")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="提交账户",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="hall_bundles.bundleversion",
                        verbose_name="一件事版本",
                    ),
                ),
            ],
            options={
                "verbose_name": "一件事办件",
            },
        ),
        migrations.CreateModel(
            name="BundleItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=40, verbose_name="事项标识")),
                ("matter_code", models.CharField(max_length=64, verbose_name="事项编码")),
                ("title", models.JSONField(verbose_name="事项名称")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "等待前置事项"),
                            ("FILED", "办理中"),
                            ("ATTENTION", "需补充"),
                            ("APPROVED", "准予"),
                            ("REFUSED", "未准予"),
                            ("STOPPED", "无法继续"),
                            ("WITHDRAWN", "已撤回"),
                        ],
                        default="WAITING",
                        max_length=9,
                        verbose_name="状态",
                    ),
                ),
                (
                    "application_number",
                    models.CharField(blank=True, max_length=50, verbose_name="办件编号"),
                ),
                ("draft_id", models.BigIntegerField(null=True, verbose_name="待补草稿")),
                ("reasons", models.JSONField(default=list, verbose_name="原因")),
                ("filed_at", models.DateTimeField(null=True, verbose_name="提交时间")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="办结时间")),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="hall_bundles.bundlecase",
                        verbose_name="一件事办件",
                    ),
                ),
            ],
            options={
                "verbose_name": "一件事事项",
                "indexes": [
                    models.Index(
                        condition=models.Q(("draft_id__isnull", False)),
                        fields=["draft_id"],
                        name="bundle_item_draft",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("case", "key"), name="bundle_item_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("application_number", ""), _negated=True),
                        fields=("application_number",),
                        name="bundle_application_once",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="bundleversion",
            constraint=models.UniqueConstraint(
                fields=("bundle", "number"), name="bundle_version_once"
            ),
        ),
        migrations.AddIndex(
            model_name="bundlecase",
            index=models.Index(fields=["applicant_ref", "-id"], name="bundle_case_applicant"),
        ),
        migrations.AddIndex(
            model_name="bundlecase",
            index=models.Index(
                condition=models.Q(("context_ref", ""), _negated=True),
                fields=["context_ref", "-id"],
                name="bundle_case_of",
            ),
        ),
    ]
