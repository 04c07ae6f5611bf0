from django.db import migrations


def numbers_move(apps, _editor):
    """The room's running numbers go on in the shared table (流水号并入)."""
    old = apps.get_model("hall_licences", "LicenceCounter")
    apps.get_model("kernel_serials", "Serial").objects.bulk_create(
        apps.get_model("kernel_serials", "Serial")(
            scope=f"hall.licences:{row.type_key}:{row.year}", last=row.last
        )
        for row in old.objects.all()
    )


class Migration(migrations.Migration):
    dependencies = [
        ("kernel_serials", "0001_serial"),
        ("hall_licences", "0002_lifecycle"),
    ]

    operations = [
        migrations.RunPython(numbers_move, migrations.RunPython.noop),
        migrations.DeleteModel(name="LicenceCounter"),
    ]
