from django.db import OperationalError, migrations, models
from django.db.models import Q

NAME, TABLE = "application_decided_in_end_state", "hall_applications_application"
BEFORE = ("APPROVED", "REFUSED", "NOT_ACCEPTED", "WITHDRAWN")
AFTER = (*BEFORE, "TERMINATED")


def constraint(states):
    return models.CheckConstraint(
        condition=Q(decided_at__isnull=True) | Q(state__in=list(states)), name=NAME
    )


def loosen(apps, schema_editor):
    _replace(apps, schema_editor, BEFORE, AFTER, check=" NOT VALID")


def tighten(apps, schema_editor):
    _replace(apps, schema_editor, AFTER, BEFORE, check="")


def _replace(apps, schema_editor, before, after, *, check):
    """Change the check in place: a million applications are neither read nor written again.

    On PostgreSQL every row that met the narrower check meets the wider one, so none is looked at. SQLite
    knows no such statement: its way is to write the table's text anew (sqlite.org/lang_altertable.html, the
    shorter procedure for changes that do not touch what is stored). Where that is forbidden, Django's.
    """
    if schema_editor.connection.vendor == "postgresql":
        states = ", ".join(f"'{one}'" for one in after)
        schema_editor.execute(
            f'ALTER TABLE "{TABLE}" DROP CONSTRAINT "{NAME}", ADD CONSTRAINT "{NAME}"'
            f' CHECK ("decided_at" IS NULL OR "state" IN ({states})){check}'
        )
    elif not _rewritten(schema_editor.connection, before, after):
        application = apps.get_model("hall_applications", "Application")
        schema_editor.remove_constraint(application, constraint(before))
        schema_editor.add_constraint(application, constraint(after))


def _rewritten(connection, before, after):
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = %s", [TABLE])
        (text,) = cursor.fetchone()
        head, found, tail = text.partition(f'CONSTRAINT "{NAME}" CHECK ')
        old, new = (", ".join(f"'{one}'" for one in some) + ")" for some in (before, after))
        if not found or old not in tail:
            return False
        cursor.execute("PRAGMA schema_version")
        (version,) = cursor.fetchone()
        cursor.execute("PRAGMA writable_schema = ON")
        try:
            cursor.execute(
                "UPDATE sqlite_master SET sql = %s WHERE type = 'table' AND name = %s",
                [head + found + tail.replace(old, new, 1), TABLE],
            )
            cursor.execute(f"PRAGMA schema_version = {version + 1}")
        except OperationalError:
            return False
        finally:
            cursor.execute("PRAGMA writable_schema = RESET")
    return True


class Migration(migrations.Migration):
    dependencies = [
        ("hall_applications", "0006_urges"),
    ]

    operations = [
        migrations.AlterField(
            model_name="application",
            name="state",
            field=models.CharField(
                choices=[
                    ("SUBMITTED", "待受理"),
                    ("HANDLING", "办理中"),
                    ("CORRECTION", "待补正"),
                    ("SUSPENDED", "已中止办理"),
                    ("APPROVED", "准予"),
                    ("REFUSED", "不予许可"),
                    ("NOT_ACCEPTED", "不予受理"),
                    ("WITHDRAWN", "已撤回"),
                    ("TERMINATED", "已终止办理"),
                ],
                max_length=12,
                verbose_name="状态",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(loosen, tighten)],
            state_operations=[
                migrations.RemoveConstraint(model_name="application", name=NAME),
                migrations.AddConstraint(model_name="application", constraint=constraint(AFTER)),
            ],
        ),
    ]
