from django.db import migrations

from yiwang.kernel.api import append_only


class Migration(migrations.Migration):
    dependencies = [("engines_workflow", "0001_processes")]

    operations = [append_only("engines_workflow_historyevent")]
