from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("hall_lists", "0002_fee_catalogue")]

    operations = [
        migrations.AddField(
            model_name="feeentry",
            name="min_fen",
            field=models.BigIntegerField(null=True, verbose_name="最低收费（分）"),
        ),
        migrations.AddField(
            model_name="feeentry",
            name="unit",
            field=models.CharField(blank=True, max_length=40, verbose_name="计费单位"),
        ),
        migrations.AddConstraint(
            model_name="feeentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("min_fen__isnull", True),
                    ("max_fen__isnull", True),
                    ("min_fen__lte", models.F("max_fen")),
                    _connector="OR",
                ),
                name="fee_entry_range",
            ),
        ),
    ]
