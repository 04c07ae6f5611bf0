from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hall_applications", "0004_filed_for_others"),
    ]

    operations = [
        migrations.CreateModel(
            name="MaterialChoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("draft_id", models.BigIntegerField(verbose_name="草稿")),
                ("key", models.CharField(max_length=60, verbose_name="材料标识")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("UPLOAD", "不沿用"),
                            ("PROMISE", "容缺后补"),
                            ("COMMIT", "告知承诺"),
                        ],
                        max_length=8,
                        verbose_name="选择",
                    ),
                ),
                ("text", models.JSONField(default=dict, verbose_name="承诺内容")),
                ("sha256", models.CharField(blank=True, max_length=64, verbose_name="承诺摘要")),
                ("made_at", models.DateTimeField(verbose_name="选择时间")),
            ],
            options={
                "verbose_name": "材料选择",
            },
        ),
        migrations.AddField(
            model_name="applicationmaterial",
            name="as_of",
            field=models.DateField(null=True, verbose_name="材料日期"),
        ),
        migrations.AddField(
            model_name="applicationmaterial",
            name="document",
            field=models.CharField(blank=True, max_length=130, verbose_name="材料种类"),
        ),
        migrations.AddField(
            model_name="applicationmaterial",
            name="why",
            field=models.JSONField(default=dict, verbose_name="来源说明"),
        ),
        migrations.AddIndex(
            model_name="applicationmaterial",
            index=models.Index(fields=["document", "application"], name="material_document"),
        ),
        migrations.AddConstraint(
            model_name="materialchoice",
            constraint=models.UniqueConstraint(
                fields=("draft_id", "key"), name="material_choice_once"
            ),
        ),
    ]
