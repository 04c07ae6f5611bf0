from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hall_messages", "0005_receipts_and_schedules"),
    ]

    operations = [
        migrations.AlterField(
            model_name="messagesending",
            name="state",
            field=models.CharField(
                choices=[
                    ("CREATED", "待发送"),
                    ("SENDING", "发送中"),
                    ("SENT", "已发出"),
                    ("DELIVERED", "已送达"),
                    ("TEMPORARY_FAILURE", "暂时无法送达"),
                    ("PERMANENT_FAILURE", "无法送达"),
                    ("TECHNICAL_FAILURE", "技术故障"),
                    ("BUNDLED", "并入摘要"),
                    ("STOPPED", "已停发"),
                    ("CANCELLED", "已取消"),
                ],
                default="CREATED",
                max_length=20,
                verbose_name="状态",
            ),
        ),
    ]
