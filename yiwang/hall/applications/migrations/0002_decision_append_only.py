import django.db.models.deletion
from django.db import migrations, models

from yiwang.kernel.api import append_only


class Migration(migrations.Migration):
    dependencies = [("hall_applications", "0001_application_tables")]

    operations = [
        migrations.AlterField(
            model_name="decision",
            name="application",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="decision",
                to="hall_applications.application",
                verbose_name="办件",
            ),
        ),
        append_only("hall_applications_decision"),
    ]
