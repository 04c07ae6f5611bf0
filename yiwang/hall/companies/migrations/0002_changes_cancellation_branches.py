# Changes of registration, cancellation, branches.

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hall_companies", "0001_names_filings_register"),
        ("identity_organisations", "0001_departments_posts"),
    ]

    operations = [
        migrations.CreateModel(
            name="CancellationNotice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=24, unique=True, verbose_name="公告编号")),
                ("way", models.CharField(max_length=10, verbose_name="注销方式")),
                ("facts", models.JSONField(verbose_name="公告内容")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "公告"),
                            ("OBJECTED", "被异议终止"),
                            ("WITHDRAWN", "已撤回"),
                            ("USED", "已注销"),
                        ],
                        default="OPEN",
                        max_length=9,
                        verbose_name="状态",
                    ),
                ),
                ("account_id", models.BigIntegerField(verbose_name="发布账户")),
                ("published_at", models.DateTimeField(verbose_name="发布时间")),
                ("ends_date", models.DateField(verbose_name="公告期至")),
            ],
            options={
                "verbose_name": "注销公告",
            },
        ),
        migrations.CreateModel(
            name="CreditorClaim",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=24, unique=True, verbose_name="登记编号")),
                ("creditor", models.CharField(max_length=120, verbose_name="债权人")),
                ("contact", models.CharField(max_length=120, verbose_name="联系方式")),
                (
                    "amount_wan",
                    models.DecimalField(
                        decimal_places=2, max_digits=16, null=True, verbose_name="金额（万元）"
                    ),
                ),
                ("grounds", models.TextField(verbose_name="事由")),
                (
                    "state",
                    models.CharField(
                        choices=[("OPEN", "待答复"), ("SETTLED", "已清偿"), ("DISPUTED", "有争议")],
                        default="OPEN",
                        max_length=8,
                        verbose_name="状态",
                    ),
                ),
                ("answer", models.TextField(blank=True, verbose_name="答复")),
                ("received_at", models.DateTimeField(verbose_name="收到时间")),
                ("answered_at", models.DateTimeField(null=True, verbose_name="答复时间")),
            ],
            options={
                "verbose_name": "债权人异议",
            },
        ),
        migrations.RemoveConstraint(
            model_name="registerentry",
            name="register_entry_once",
        ),
        migrations.AddField(
            model_name="company",
            name="cancelled_date",
            field=models.DateField(null=True, verbose_name="注销日期"),
        ),
        migrations.AddField(
            model_name="company",
            name="parent",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="branches",
                to="hall_companies.company",
                verbose_name="所属公司",
            ),
        ),
        migrations.AddField(
            model_name="filing",
            name="changes",
            field=models.JSONField(default=dict, verbose_name="变更内容"),
        ),
        migrations.AddField(
            model_name="filing",
            name="company",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="filings",
                to="hall_companies.company",
                verbose_name="商事主体",
            ),
        ),
        migrations.AddField(
            model_name="filing",
            name="delegation_id",
            field=models.BigIntegerField(null=True, verbose_name="委托"),
        ),
        migrations.AddField(
            model_name="filing",
            name="filed_at",
            field=models.DateTimeField(null=True, verbose_name="提交时间"),
        ),
        migrations.AddField(
            model_name="filing",
            name="kind",
            field=models.CharField(
                choices=[
                    ("ESTABLISH", "设立登记"),
                    ("CHANGE", "变更登记"),
                    ("CANCEL", "注销登记"),
                    ("BRANCH", "分支机构设立登记"),
                ],
                default="ESTABLISH",
                max_length=10,
                verbose_name="登记种类",
            ),
        ),
        migrations.AddField(
            model_name="filing",
            name="prepared_by",
            field=models.CharField(blank=True, max_length=160, verbose_name="代办人"),
        ),
        migrations.AddField(
            model_name="filing",
            name="votes_needed",
            field=models.DecimalField(
                decimal_places=6, default=0, max_digits=20, verbose_name="所需表决权（万元）"
            ),
        ),
        migrations.AddField(
            model_name="filingparty",
            name="must",
            field=models.BooleanField(default=True, verbose_name="必须签署"),
        ),
        migrations.AddField(
            model_name="filingparty",
            name="votes",
            field=models.DecimalField(
                decimal_places=2, default=0, max_digits=16, verbose_name="表决权（万元）"
            ),
        ),
        migrations.AddField(
            model_name="namereservation",
            name="uscc",
            field=models.CharField(blank=True, max_length=18, verbose_name="拟更名企业"),
        ),
        migrations.AddField(
            model_name="registerentry",
            name="facts",
            field=models.JSONField(default=dict, verbose_name="登记后内容"),
        ),
        migrations.AlterField(
            model_name="filing",
            name="reservation",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="filings",
                to="hall_companies.namereservation",
                verbose_name="名称保留",
            ),
        ),
        migrations.AlterField(
            model_name="registerentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("ESTABLISH", "设立登记"),
                    ("CHANGE", "变更登记"),
                    ("CANCEL", "注销登记"),
                    ("BRANCH", "分支机构设立登记"),
                ],
                max_length=10,
                verbose_name="登记种类",
            ),
        ),
        migrations.AddConstraint(
            model_name="company",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "BRANCH"), ("parent__isnull", False)),
                    models.Q(models.Q(("kind", "BRANCH"), _negated=True), ("parent__isnull", True)),
                    _connector="OR",
                ),
                name="company_branch_has_parent",
            ),
        ),
        migrations.AddConstraint(
            model_name="filing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "ESTABLISH"), ("reservation__isnull", False)),
                    models.Q(
                        models.Q(("kind", "ESTABLISH"), _negated=True), ("company__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="filing_of_name_or_company",
            ),
        ),
        migrations.AddConstraint(
            model_name="filing",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("filed_at__isnull", False), ("state__in", ["SIGNING", "SIGNED"])
                ),
                fields=("company",),
                name="filing_company_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="registerentry",
            constraint=models.UniqueConstraint(
                fields=("company", "application_number"), name="register_entry_company_once"
            ),
        ),
        migrations.AddField(
            model_name="cancellationnotice",
            name="company",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notices",
                to="hall_companies.company",
                verbose_name="商事主体",
            ),
        ),
        migrations.AddField(
            model_name="creditorclaim",
            name="notice",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="claims",
                to="hall_companies.cancellationnotice",
                verbose_name="注销公告",
            ),
        ),
        migrations.AddIndex(
            model_name="cancellationnotice",
            index=models.Index(fields=["state", "-ends_date"], name="cancellation_notice_list"),
        ),
        migrations.AddConstraint(
            model_name="cancellationnotice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "OPEN")),
                fields=("company",),
                name="cancellation_notice_once",
            ),
        ),
        migrations.AddIndex(
            model_name="creditorclaim",
            index=models.Index(fields=["notice", "state"], name="creditor_claim_notice"),
        ),
    ]
