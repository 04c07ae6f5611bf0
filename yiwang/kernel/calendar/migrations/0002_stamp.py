from django.db import migrations


def stamp_move(apps, _editor):
    """The stamp of the calendar stands with all others now."""
    row = apps.get_model("kernel_calendar", "CalendarStamp").objects.first()
    if row is not None:
        apps.get_model("kernel_stamps", "Stamp").objects.create(
            name="kernel.calendar", value=row.stamp
        )


class Migration(migrations.Migration):
    dependencies = [("kernel_calendar", "0001_calendar"), ("kernel_stamps", "0001_stamp")]

    operations = [
        migrations.RunPython(stamp_move, migrations.RunPython.noop),
        migrations.DeleteModel(name="CalendarStamp"),
    ]
