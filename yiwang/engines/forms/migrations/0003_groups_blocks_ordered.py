from django.db import migrations, models

import yiwang.engines.forms.fields

TABLE = "engines_forms_formversion"


def _as(kind: str):
    """Change the type of the column on PostgreSQL; on SQLite JSON is text already."""

    def change(_apps, editor) -> None:
        if editor.connection.vendor == "postgresql":
            editor.execute(
                f"ALTER TABLE {TABLE} ALTER COLUMN definition TYPE {kind} USING definition::{kind}"
            )

    return change


class Migration(migrations.Migration):
    dependencies = [("engines_forms", "0002_attachments_stay")]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="groups",
            field=models.JSONField(default=dict, verbose_name="分组所在行"),
        ),
        migrations.AddField(
            model_name="form",
            name="block",
            field=models.CharField(
                blank=True, db_index=True, default="", max_length=40, verbose_name="常用信息块"
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(_as("text"), _as("jsonb"))],
            state_operations=[
                migrations.AlterField(
                    model_name="formversion",
                    name="definition",
                    field=yiwang.engines.forms.fields.OrderedJSONField(verbose_name="定义"),
                )
            ],
        ),
    ]
