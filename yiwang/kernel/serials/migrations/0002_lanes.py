from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kernel_serials", "0001_serial")]

    operations = [
        migrations.CreateModel(
            name="SerialLane",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("scope", models.CharField(max_length=120, verbose_name="范围")),
                ("lane", models.PositiveSmallIntegerField(verbose_name="通道")),
                ("last", models.BigIntegerField(verbose_name="末号")),
            ],
            options={"verbose_name": "流水号通道"},
        ),
        migrations.AddConstraint(
            model_name="seriallane",
            constraint=models.UniqueConstraint(fields=("scope", "lane"), name="serial_lane_once"),
        ),
    ]
