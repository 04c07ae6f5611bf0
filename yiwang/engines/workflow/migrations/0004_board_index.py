from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("engines_workflow", "0003_events_and_signers"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)),
                fields=["department_id", "title_zh", "due_order", "warn_at"],
                name="work_item_board",
            ),
        ),
    ]
