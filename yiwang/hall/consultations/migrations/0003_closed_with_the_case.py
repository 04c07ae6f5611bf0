from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hall_consultations", "0002_required_reviews"),
    ]

    operations = [
        migrations.AddField(
            model_name="consultation",
            name="ending",
            field=models.CharField(max_length=12, null=True, verbose_name="办件终结情形"),
        ),
        migrations.AlterField(
            model_name="consultation",
            name="state",
            field=models.CharField(
                choices=[
                    ("OPEN", "征求中"),
                    ("CONCLUDED", "已答复"),
                    ("RECALLED", "已收回"),
                    ("CLOSED", "随办件终结"),
                ],
                default="OPEN",
                max_length=9,
                verbose_name="状态",
            ),
        ),
    ]
