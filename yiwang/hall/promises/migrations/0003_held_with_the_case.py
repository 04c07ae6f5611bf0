from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hall_promises", "0002_bar_terms"),
    ]

    operations = [
        migrations.AddField(
            model_name="promise",
            name="days_left",
            field=models.PositiveSmallIntegerField(null=True, verbose_name="中止时剩余工作日"),
        ),
        migrations.AddField(
            model_name="promise",
            name="held_at",
            field=models.DateTimeField(null=True, verbose_name="中止时间"),
        ),
        migrations.AddField(
            model_name="promise",
            name="hold",
            field=models.JSONField(null=True, verbose_name="中止情况"),
        ),
    ]
