from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("engines_forms", "0001_forms_drafts_attachments")]

    operations = [migrations.RemoveField(model_name="attachment", name="state")]
