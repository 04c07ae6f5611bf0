from django.db import migrations


def numbers_move(apps, _editor):
    """The room's running numbers go on in the shared table (流水号并入)."""
    old = apps.get_model("hall_applications", "NumberCounter")
    apps.get_model("kernel_serials", "Serial").objects.bulk_create(
        apps.get_model("kernel_serials", "Serial")(
            scope=f"hall.applications:{row.scope}", last=row.last
        )
        for row in old.objects.all()
    )


class Migration(migrations.Migration):
    dependencies = [
        ("kernel_serials", "0001_serial"),
        ("hall_applications", "0002_decision_append_only"),
    ]

    operations = [
        migrations.RunPython(numbers_move, migrations.RunPython.noop),
        migrations.DeleteModel(name="NumberCounter"),
    ]
