from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hall_parties", "0002_parties_at_windows"),
    ]

    operations = [
        migrations.AlterField(
            model_name="partycase",
            name="state",
            field=models.CharField(
                choices=[
                    ("DRAFT", "填报中"),
                    ("SUBMITTED", "待受理"),
                    ("HANDLING", "办理中"),
                    ("APPROVED", "准予"),
                    ("REFUSED", "不予许可"),
                    ("NOT_ACCEPTED", "不予受理"),
                    ("WITHDRAWN", "已撤回"),
                    ("TERMINATED", "已终止办理"),
                ],
                default="DRAFT",
                max_length=12,
                verbose_name="状态",
            ),
        ),
    ]
