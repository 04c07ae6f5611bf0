from django.db import migrations, models

import yiwang.engines.forms.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="FormDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=120, unique=True, verbose_name="标识")),
                (
                    "definition",
                    yiwang.engines.forms.fields.OrderedJSONField(verbose_name="定义"),
                ),
                ("base_number", models.PositiveIntegerField(default=0, verbose_name="所依版本")),
                ("revision", models.PositiveIntegerField(default=1, verbose_name="保存次数")),
                ("writer_ids", models.JSONField(default=list, verbose_name="编写人")),
                ("writer_names", models.JSONField(default=list, verbose_name="编写人姓名")),
                (
                    "edited_by_name",
                    models.CharField(blank=True, max_length=80, verbose_name="最近编写人"),
                ),
                ("edited_at", models.DateTimeField(verbose_name="保存时间")),
                ("trial", models.JSONField(default=dict, verbose_name="试填内容")),
            ],
            options={"verbose_name": "表单设计草稿"},
        ),
        migrations.CreateModel(
            name="FormPublication",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=120, verbose_name="标识")),
                ("number", models.PositiveIntegerField(verbose_name="版本号")),
                ("reason", models.TextField(verbose_name="发布理由")),
                ("writer_names", models.JSONField(default=list, verbose_name="编写人姓名")),
                ("published_by_id", models.BigIntegerField(null=True, verbose_name="发布人")),
                (
                    "published_by_name",
                    models.CharField(blank=True, max_length=80, verbose_name="发布人姓名"),
                ),
                ("published_at", models.DateTimeField(verbose_name="发布时间")),
            ],
            options={
                "verbose_name": "表单发布记录",
                "constraints": [
                    models.UniqueConstraint(fields=("key", "number"), name="form_publication_once")
                ],
            },
        ),
    ]
