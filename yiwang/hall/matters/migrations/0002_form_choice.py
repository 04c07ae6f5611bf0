import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("hall_matters", "0001_matters")]

    operations = [
        migrations.CreateModel(
            name="MatterFormChoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("given_form_version_id", models.BigIntegerField(verbose_name="来源所定表单版本")),
                ("form_version_id", models.BigIntegerField(verbose_name="选用表单版本")),
                ("reason", models.TextField(verbose_name="选用理由")),
                (
                    "chosen_by_name",
                    models.CharField(blank=True, max_length=80, verbose_name="选用人"),
                ),
                ("chosen_at", models.DateTimeField(verbose_name="选用时间")),
                (
                    "matter",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="form_choice",
                        to="hall_matters.matter",
                        verbose_name="事项",
                    ),
                ),
            ],
            options={"verbose_name": "事项表单选用"},
        ),
    ]
