from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Stamp",
            fields=[
                (
                    "name",
                    models.CharField(
                        max_length=60, primary_key=True, serialize=False, verbose_name="对象"
                    ),
                ),
                ("value", models.CharField(max_length=32, verbose_name="版本")),
            ],
            options={"verbose_name": "版本戳"},
        ),
    ]
