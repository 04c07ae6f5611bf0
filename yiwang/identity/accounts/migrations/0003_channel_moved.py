from django.db import migrations


class Migration(migrations.Migration):
    """How somebody is informed is chosen by kind of message: hall.messages keeps it."""

    dependencies = [("identity_accounts", "0002_delegations")]

    operations = [migrations.RemoveField("account", "channel")]
