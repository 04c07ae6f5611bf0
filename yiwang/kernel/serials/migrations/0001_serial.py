from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Serial",
            fields=[
                (
                    "scope",
                    models.CharField(
                        max_length=120, primary_key=True, serialize=False, verbose_name="范围"
                    ),
                ),
                ("last", models.PositiveBigIntegerField(verbose_name="末号")),
            ],
            options={"verbose_name": "流水号"},
        ),
    ]
