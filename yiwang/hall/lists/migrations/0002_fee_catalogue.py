from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hall_lists", "0001_lists"),
    ]

    operations = [
        migrations.CreateModel(
            name="FeeEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=12, unique=True, verbose_name="事项编码")),
                ("title", models.CharField(max_length=200, verbose_name="收费项目")),
                ("basis", models.CharField(max_length=300, verbose_name="收费依据")),
                ("standard", models.CharField(blank=True, max_length=300, verbose_name="收费标准")),
                ("max_fen", models.BigIntegerField(null=True, verbose_name="最高收费（分）")),
                ("source", models.CharField(max_length=120, verbose_name="来源")),
                ("loaded_at", models.DateTimeField(verbose_name="载入时间")),
            ],
            options={
                "verbose_name": "收费目录清单",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("max_fen__isnull", True), ("max_fen__gt", 0), _connector="OR"
                        ),
                        name="fee_entry_charges",
                    )
                ],
            },
        ),
    ]
