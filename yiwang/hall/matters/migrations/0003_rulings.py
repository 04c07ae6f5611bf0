from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("hall_matters", "0002_form_choice")]

    operations = [
        migrations.CreateModel(
            name="MatterRuling",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "subject",
                    models.CharField(db_index=True, max_length=120, verbose_name="所属业务"),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[("ELIGIBILITY", "资格判定"), ("ROUTING", "承办分工")],
                        max_length=11,
                        verbose_name="用途",
                    ),
                ),
                ("model", models.CharField(max_length=120, verbose_name="决策模型")),
                ("question", models.CharField(max_length=120, verbose_name="决策")),
                ("decision_version_id", models.BigIntegerField(verbose_name="决策模型版本")),
                ("value", models.JSONField(verbose_name="结论")),
                ("rules", models.JSONField(verbose_name="触发规则")),
                ("ruled_at", models.DateTimeField(verbose_name="判定时间")),
            ],
            options={"verbose_name": "判定记录"},
        ),
    ]
