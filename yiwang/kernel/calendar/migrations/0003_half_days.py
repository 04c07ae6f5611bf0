from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kernel_calendar", "0002_stamp")]

    operations = [
        migrations.AddField(
            model_name="localclosure",
            name="part",
            field=models.CharField(
                blank=True,
                choices=[("", "全天"), ("AM", "上午"), ("PM", "下午")],
                default="",
                max_length=2,
                verbose_name="停办时段",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="localclosure",
            name="counts",
            field=models.BooleanField(default=False, verbose_name="计入工作日"),
        ),
        migrations.AddConstraint(
            model_name="localclosure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("counts", False), models.Q(("part", ""), _negated=True), _connector="OR"
                ),
                name="closure_whole_day",
            ),
        ),
    ]
