from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity_accounts", "0004_sealed_second_factors")]

    operations = [
        migrations.CreateModel(
            name="SignInLimit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(max_length=80, unique=True, verbose_name="限速对象"),
                ),
                ("drained_at", models.DateTimeField(db_index=True, verbose_name="清零时间")),
                ("last_at", models.DateTimeField(verbose_name="最近一次")),
            ],
            options={"verbose_name": "登录限速"},
        ),
    ]
